using Lunaria.Volumes;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// LUNs: which volume a target shows under which number. A change is live: hosts that are logged in hear REPORTED LUNS DATA HAS CHANGED with
/// their next command. Any thread.
/// </summary>
public sealed class LunService
{
    private const int MaxLun = 255;

    private readonly VolumeManager _manager;
    private readonly TargetCatalog _targets;
    private readonly TargetStore _store;
    private readonly UnitTable _units;
    private readonly ChangeRecorder _changes;
    private readonly ObjectLocks _locks;

    internal LunService(VolumeManager manager, TargetCatalog targets, TargetStore store, UnitTable units, ChangeRecorder changes, ObjectLocks locks) =>
        (_manager, _targets, _store, _units, _changes, _locks) = (manager, targets, store, units, changes, locks);

    /// <summary>All LUNs of all targets.</summary>
    public IReadOnlyList<LunView> List() => [.. _targets.All.SelectMany(target => target.Luns, (target, lun) => View(target.Iqn, lun))];

    /// <summary>Shows a volume to the hosts of a target; false where it is shown there already.</summary>
    public Task<(LunView Lun, bool Created)> MapAsync(Actor actor, string iqn, MapLun wanted)
    {
        if (wanted.Lun is < 0 or > MaxLun)
            throw new RefusedException(RefusalKind.Invalid, $"lun: {wanted.Lun} is no number of a LUN: write 0 to {MaxLun}.", "lun");
        return _changes.RunAsync(actor, "lun.map", TargetService.Subject(iqn), async change =>
        {
            // A volume that is being deleted must not be mapped meanwhile.
            using var hold = await _locks.TakeAsync(VolumeService.Subject(wanted.Volume), actor.Name, "lun.map");
            var target = _targets.Get(iqn);
            var volume = _manager.Find(wanted.Volume) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no volume {wanted.Volume}.", "volume");
            if (target.Luns.FirstOrDefault(lun => lun.Volume == volume.Uuid && (wanted.Lun ?? lun.Lun) == lun.Lun) is { } same)
            {
                change.Nothing = true;
                return (View(iqn, same), false);
            }

            var record = new LunRecord(wanted.Lun ?? FirstFree(target), volume.Uuid);
            if (target.Luns.FirstOrDefault(lun => lun.Lun == record.Lun) is { } taken)
                throw new RefusedException(RefusalKind.Exists, $"LUN {record.Lun} of {iqn} shows the volume {View(iqn, taken).Volume}. Choose another number, or unmap it first.", "lun");
            _store.AddLun(iqn, record);
            _targets.Update(target with { Luns = [.. target.Luns.Append(record).OrderBy(lun => lun.Lun)] });
            _targets.Served(iqn).Luns.Add(record.Lun, _units.Get(volume));
            var view = View(iqn, record);
            change.After = view;
            return (view, true);
        });
    }

    /// <summary>Takes a LUN away from the hosts of a target; the volume stays.</summary>
    public Task<bool> UnmapAsync(Actor actor, string iqn, int lun) => _changes.RunAsync(actor, "lun.unmap", TargetService.Subject(iqn), change =>
    {
        var target = _targets.Get(iqn);
        var record = target.Luns.FirstOrDefault(mapped => mapped.Lun == lun) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no LUN {lun} of {iqn}.");
        change.Begin(View(iqn, record));
        _store.RemoveLun(iqn, lun);
        _targets.Update(target with { Luns = [.. target.Luns.Where(mapped => mapped.Lun != lun)] });
        _targets.Served(iqn).Luns.Remove(lun);
        ForgetUnused([record.Volume]);
        return true;
    });

    /// <summary>Drops the units of volumes that are mapped nowhere any more.</summary>
    internal void ForgetUnused(IEnumerable<Guid> volumes)
    {
        var mappings = _targets.Mappings();
        foreach (var volume in volumes.Where(volume => !mappings.Contains(volume)))
            _units.Forget(volume);
    }

    /// <summary>A LUN as administrators see it.</summary>
    internal LunView View(string iqn, LunRecord lun)
    {
        var volume = _manager.Volumes.FirstOrDefault(volume => volume.Uuid == lun.Volume);
        return new LunView(iqn, lun.Lun, volume?.Name ?? "", lun.Volume, volume?.SizeBytes ?? 0);
    }

    private static int FirstFree(TargetRecord target) =>
        Enumerable.Range(0, MaxLun + 1).Except(target.Luns.Select(lun => lun.Lun)).Cast<int?>().FirstOrDefault()
        ?? throw new RefusedException(RefusalKind.Exists, $"All {MaxLun + 1} LUNs of {target.Iqn} are taken. Create another target.", "lun");
}

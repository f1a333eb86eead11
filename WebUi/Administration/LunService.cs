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
    /// <summary>The greatest LUN.</summary>
    internal const int MaxLun = 255;

    private readonly VolumeManager _manager;
    private readonly TargetCatalog _targets;
    private readonly TargetStore _store;
    private readonly UnitTable _units;
    private readonly MappedSnapshots _mapped;
    private readonly ChangeRecorder _changes;
    private readonly ObjectLocks _locks;

    internal LunService(VolumeManager manager, TargetCatalog targets, TargetStore store, UnitTable units, MappedSnapshots mapped, ChangeRecorder changes, ObjectLocks locks) =>
        (_manager, _targets, _store, _units, _mapped, _changes, _locks) = (manager, targets, store, units, mapped, changes, locks);

    /// <summary>All LUNs of all targets.</summary>
    public IReadOnlyList<LunView> List() => [.. _targets.All.SelectMany(target => target.Luns, (target, lun) => View(target.Iqn, lun))];

    /// <summary>Shows a volume, or a snapshot of one (VOLUME@SNAPSHOT, read-only), to the hosts of a target; false where it is shown there already.</summary>
    public Task<(LunView Lun, bool Created)> MapAsync(Actor actor, string iqn, MapLun wanted)
    {
        if (wanted.Lun is < 0 or > MaxLun)
            throw new RefusedException(RefusalKind.Invalid, $"lun: {wanted.Lun} is no number of a LUN: write 0 to {MaxLun}.", "lun");
        return _changes.RunAsync(actor, "lun.map", TargetService.Subject(iqn), async change =>
        {
            // A volume that is being deleted must not be mapped meanwhile.
            var parts = wanted.Volume.Split('@', 2);
            using var hold = await _locks.TakeAsync(VolumeService.Subject(parts[0]), actor.Name, "lun.map");
            var target = _targets.Get(iqn);
            var volume = _manager.Find(parts[0]) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no volume {parts[0]}.", "volume");
            var snapshot = parts.Length == 1 ? null
                : _manager.FindSnapshot(volume, parts[1]) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no snapshot {parts[1]} of the volume {parts[0]}.", "volume");
            if (snapshot == null && _manager.Transfers.GetImport(volume) != null)
                throw new RefusedException(RefusalKind.InUse, $"The import of the volume {volume.Name} is not finished. Resume it, or delete the volume.", "volume");
            var uuid = snapshot?.Uuid ?? volume.Uuid;
            if (target.Luns.FirstOrDefault(lun => lun.Volume == uuid && (wanted.Lun ?? lun.Lun) == lun.Lun) is { } same)
            {
                change.Nothing = true;
                return (View(iqn, same), false);
            }

            var record = new LunRecord(wanted.Lun ?? FirstFree(target), uuid);
            if (target.Luns.FirstOrDefault(lun => lun.Lun == record.Lun) is { } taken)
                throw new RefusedException(RefusalKind.Exists, $"LUN {record.Lun} of {iqn} shows the volume {View(iqn, taken).Volume}. Choose another number, or unmap it first.", "lun");
            if (snapshot != null)
            {
                _units.Say(uuid, _units.Seen(volume.Uuid) with { ReadOnly = true });
                volume = await _mapped.OpenAsync(snapshot);
            }

            _store.AddLun(iqn, record);
            _targets.Update(target with { Luns = [.. target.Luns.Append(record).OrderBy(lun => lun.Lun)] });
            _targets.Served(iqn).Luns.Add(record.Lun, _units.Get(volume));
            var view = View(iqn, record);
            change.After = view;
            return (view, true);
        });
    }

    /// <summary>Takes a LUN away from the hosts of a target; the volume stays.</summary>
    public Task<bool> UnmapAsync(Actor actor, string iqn, int lun) => _changes.RunAsync(actor, "lun.unmap", TargetService.Subject(iqn), async change =>
    {
        var target = _targets.Get(iqn);
        var record = target.Luns.FirstOrDefault(mapped => mapped.Lun == lun) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no LUN {lun} of {iqn}.");
        change.Begin(View(iqn, record));
        _store.RemoveLun(iqn, lun);
        _targets.Update(target with { Luns = [.. target.Luns.Where(mapped => mapped.Lun != lun)] });
        _targets.Served(iqn).Luns.Remove(lun);
        await ForgetUnusedAsync(actor, [record.Volume]);
        return true;
    });

    /// <summary>Drops the units of volumes that are mapped nowhere any more, and closes such snapshots.</summary>
    internal async Task ForgetUnusedAsync(Actor actor, IEnumerable<Guid> volumes)
    {
        foreach (var volume in volumes)
        {
            // A snapshot must not be mapped again while it is closed.
            using var hold = _manager.FindSnapshot(volume) is { } snapshot ? await _locks.TakeAsync(VolumeService.Subject(snapshot.Volume.Name), actor.Name, "lun.unmap") : null;
            if (_targets.Mappings().Contains(volume))
                continue;
            if (_mapped.Find(volume) == null)
            {
                _units.Forget(volume);
                continue;
            }

            _units.Remove(volume);
            await _mapped.CloseAsync(volume);
        }
    }

    /// <summary>A LUN as administrators see it.</summary>
    internal LunView View(string iqn, LunRecord lun)
    {
        if (_manager.Volumes.FirstOrDefault(volume => volume.Uuid == lun.Volume) is { } volume)
            return new LunView(iqn, lun.Lun, volume.Name, lun.Volume, volume.SizeBytes);
        var snapshot = _manager.FindSnapshot(lun.Volume);
        return new LunView(iqn, lun.Lun, snapshot == null ? "" : $"{snapshot.Volume.Name}@{snapshot.Name}", lun.Volume, snapshot?.SizeBytes ?? 0);
    }

    private static int FirstFree(TargetRecord target) =>
        Enumerable.Range(0, MaxLun + 1).Except(target.Luns.Select(lun => lun.Lun)).Cast<int?>().FirstOrDefault()
        ?? throw new RefusedException(RefusalKind.Exists, $"All {MaxLun + 1} LUNs of {target.Iqn} are taken. Create another target.", "lun");
}

using Lunaria.Iscsi;
using Lunaria.Volumes;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Volumes as administrators see them. Any thread.</summary>
public sealed class VolumeService
{
    private const long MinSizeBytes = 1 << 20;
    private const long MaxSizeBytes = 64L << 40;
    private const long SizeStepBytes = 4096;

    private readonly VolumeManager _volumes;
    private readonly IscsiServer _server;
    private readonly TargetCatalog _targets;
    private readonly UnitTable _units;
    private readonly WatermarkService _watermarks;
    private readonly ChangeRecorder _changes;
    private readonly JobService _jobs;

    internal VolumeService(VolumeManager volumes, IscsiServer server, TargetCatalog targets, UnitTable units, WatermarkService watermarks, ChangeRecorder changes, JobService jobs) =>
        (_volumes, _server, _targets, _units, _watermarks, _changes, _jobs) = (volumes, server, targets, units, watermarks, changes, jobs);

    /// <summary>All volumes, in the order of their creation.</summary>
    public IReadOnlyList<VolumeView> List()
    {
        var mappings = _targets.Mappings();
        var origins = _volumes.ListOrigins();
        return [.. _volumes.Volumes.Select(volume => View(volume, mappings[volume.Uuid], origins))];
    }

    /// <summary>One volume, by name or uuid.</summary>
    public VolumeView Show(string name) => View(Get(name));

    /// <summary>Creates a volume; one that is there with the same size is the answer, too (false).</summary>
    public async Task<(VolumeView Volume, bool Created)> CreateAsync(Actor actor, CreateVolume wanted)
    {
        RefusedException.Check("name", wanted.Name, Names.VolumeName);
        CheckSize(wanted.SizeBytes);
        if (wanted.Unit is { BlockBytes: not (512 or 4096) })
            throw new RefusedException(RefusalKind.Invalid, $"unit.blockBytes: {wanted.Unit.BlockBytes} is no length of a block: write 512 or 4096.", "unit.blockBytes");
        return await _changes.RunAsync(actor, "volume.create", Subject(wanted.Name), async change =>
        {
            if (_volumes.Find(wanted.Name) is { } found)
            {
                change.Nothing = true;
                if (found.SizeBytes != wanted.SizeBytes)
                    throw new RefusedException(RefusalKind.Exists, $"The volume {wanted.Name} exists with {found.SizeBytes} bytes, not {wanted.SizeBytes}. Choose another name.", "name");
                SayHowHostsSeeIt(found, wanted);
                return (View(found), false);
            }

            CheckPromise(wanted.SizeBytes);
            var volume = await EngineCalls.RunAsync(() => _volumes.CreateVolumeAsync(wanted.Name, wanted.SizeBytes));
            SayHowHostsSeeIt(volume, wanted);
            var view = View(volume);
            change.After = view;
            return (view, true);
        });
    }

    /// <summary>Renames a volume or changes its size. A greater size is live; <see cref="RefusalKind.InUse"/> for a smaller one while hosts are logged in.</summary>
    public Task<VolumeView> EditAsync(Actor actor, string name, EditVolume wanted)
    {
        if (wanted.Name is { } newName)
            RefusedException.Check("name", newName, Names.VolumeName);
        if (wanted.SizeBytes is { } size)
            CheckSize(size);
        return _changes.RunAsync(actor, "volume.edit", Subject(Get(name).Name), async change =>
        {
            var volume = Get(name);
            change.Begin(View(volume));
            if (wanted.SizeBytes is { } sizeBytes)
            {
                if (sizeBytes < volume.SizeBytes)
                    CheckNoHost(volume, "shrink");
                CheckPromise(sizeBytes - volume.SizeBytes);
                await EngineCalls.RunAsync(() => _volumes.ResizeVolumeAsync(volume, sizeBytes, wanted.DiscardTail));
            }

            if (wanted.Name is { } other && other != volume.Name)
            {
                if (_volumes.Find(other) != null)
                    throw new RefusedException(RefusalKind.Exists, $"There is a volume {other} already. Choose another name.", "name");
                await EngineCalls.RunAsync(() => _volumes.RenameVolumeAsync(volume, other));
            }

            if (wanted.IsTemplate is { } isTemplate && isTemplate != volume.IsTemplate)
                await SetTemplateAsync(volume, isTemplate);

            var view = View(volume);
            change.After = view;
            return view;
        });
    }

    /// <summary>
    /// Makes the snapshots that a clone's origin took, up to the one that it was made of, snapshots of the clone: it takes its origin's place, which may then be deleted.
    /// <see cref="RefusalKind.InUse"/> where it is no clone or has snapshots of the same names.
    /// </summary>
    public Task<VolumeView> PromoteAsync(Actor actor, string name) => _changes.RunAsync(actor, "volume.promote", Subject(Get(name).Name), async change =>
    {
        var volume = Get(name);
        change.Begin(View(volume));
        await EngineCalls.RunAsync(() => _volumes.PromoteAsync(volume));
        var view = View(volume);
        change.After = view;
        return view;
    });

    /// <summary>
    /// Deletes a volume, and with <paramref name="withSnapshots"/> its snapshots. <see cref="RefusalKind.InUse"/> names what stands in the way.
    /// </summary>
    public Task<bool> DeleteAsync(Actor actor, string name, bool withSnapshots) => _changes.RunAsync(actor, "volume.delete", Subject(Get(name).Name), async change =>
    {
        var volume = Get(name);
        var view = View(volume);
        change.Begin(view);
        if (view.Luns.Count > 0)
            throw new RefusedException(RefusalKind.InUse, $"The volume {volume.Name} is shown as {string.Join(", ", view.Luns.Select(lun => $"LUN {lun.Lun} of {lun.Target}"))}. Unmap it first.");
        CheckNotMapped(_volumes.ListSnapshots(volume));
        await EngineCalls.RunAsync(() => _volumes.DeleteVolumeAsync(volume, withSnapshots));
        _units.Remove(volume.Uuid);
        return true;
    });

    /// <summary>Begins to make a clone independent of its origin, while both are in use.</summary>
    public JobView Flatten(Actor actor, string name)
    {
        var volume = Get(name);
        return _jobs.Start(actor, "volume.flatten", Subject(volume.Name), progress => _changes.RunAsync(actor, "volume.flatten", Subject(volume.Name), async change =>
        {
            change.Begin(View(volume));
            await EngineCalls.RunAsync(async () => await _volumes.FlattenAsync(volume).AsTask().WaitAsync(progress.Stop));
            var view = View(volume);
            change.After = view;
            progress.Say($"{volume.Name} is independent of its origin.");
            return view;
        }));
    }

    /// <summary>What a volume takes with its snapshots; takes as long as they are many and large.</summary>
    public async Task<VolumeSpaceView> MeasureAsync(string name)
    {
        var volume = Get(name);
        var space = await EngineCalls.RunAsync(() => _volumes.Comparison.MeasureVolumeAsync(volume));
        return new VolumeSpaceView(space.ShownBytes, space.OwnBytes);
    }

    /// <summary>Sets what a volume may do at most, live.</summary>
    public Task<VolumeView> LimitAsync(Actor actor, string name, LimitsView wanted) => _changes.RunAsync(actor, "volume.limit", Subject(Get(name).Name), async change =>
    {
        var volume = Get(name);
        change.Begin(View(volume));
        await EngineCalls.RunAsync(() => _volumes.SetLimitsAsync(volume, new VolumeLimits
        {
            OperationsPerSecond = wanted.OperationsPerSecond,
            BurstOperations = wanted.BurstOperations,
            BytesPerSecond = wanted.BytesPerSecond,
            BurstBytes = wanted.BurstBytes,
            FloorOperationsPerSecond = wanted.FloorOperationsPerSecond,
            DirtyBytes = wanted.DirtyBytes,
        }));
        var view = View(volume);
        change.After = view;
        return view;
    });

    /// <summary>Begins to bring a volume back from quarantine.</summary>
    public JobView Recover(Actor actor, string name)
    {
        var volume = Get(name);
        return _jobs.Start(actor, "volume.recover", Subject(volume.Name), progress => _changes.RunAsync(actor, "volume.recover", Subject(volume.Name), async change =>
        {
            change.Begin(View(volume));
            await EngineCalls.RunAsync(async () => await _volumes.RecoverVolumeAsync(volume, progress.Stop));
            var view = View(volume);
            change.After = view;
            progress.Say($"{volume.Name} is {view.Health}.");
            return view;
        }));
    }

    /// <summary>How changes of a volume are named: in locks, audit log and messages.</summary>
    internal static string Subject(string name) => $"volume {name}";

    /// <summary>The volume by name or uuid; <see cref="RefusalKind.NotFound"/>.</summary>
    internal Volume Get(string name) =>
        _volumes.Find(name)
        ?? (Guid.TryParse(name, out var uuid) ? _volumes.Volumes.FirstOrDefault(volume => volume.Uuid == uuid) : null)
        ?? throw new RefusedException(RefusalKind.NotFound, $"There is no volume {name}.");

    /// <summary><see cref="RefusalKind.InUse"/> where a host is logged in to a target that shows the volume.</summary>
    internal void CheckNoHost(Volume volume, string verb)
    {
        var iqns = _targets.Mappings()[volume.Uuid].Select(lun => lun.Target).ToHashSet();
        if (_server.Sessions.FirstOrDefault(session => iqns.Contains(session.TargetName)) is { } session)
            throw new RefusedException(RefusalKind.InUse, $"The host {session.InitiatorName} is logged in to {session.TargetName}, which shows the volume {volume.Name}. Log it out to {verb} the volume.");
    }

    /// <summary><see cref="RefusalKind.InUse"/> where a LUN shows one of the snapshots.</summary>
    internal void CheckNotMapped(IEnumerable<Snapshot> snapshots)
    {
        var mappings = _targets.Mappings();
        if (snapshots.FirstOrDefault(snapshot => mappings.Contains(snapshot.Uuid)) is { } mapped)
            throw new RefusedException(
                RefusalKind.InUse,
                $"The snapshot {mapped.Name} of {mapped.Volume.Name} is shown as {string.Join(", ", mappings[mapped.Uuid].Select(lun => $"LUN {lun.Lun} of {lun.Target}"))}. Unmap it first.");
    }

    /// <summary><see cref="RefusalKind.InUse"/> where volumes would promise more than they may with so much besides.</summary>
    internal void CheckPromise(long moreBytes) => _watermarks.CheckPromise(moreBytes);

    /// <summary>The volume as administrators see it.</summary>
    internal VolumeView View(Volume volume) => View(volume, _targets.Mappings()[volume.Uuid], _volumes.ListOrigins());

    /// <summary>Clones are made of snapshots, so a template that is new gets one.</summary>
    private async Task SetTemplateAsync(Volume volume, bool isTemplate)
    {
        CheckNoHost(volume, isTemplate ? "make it a template" : "make it an ordinary volume");
        if (isTemplate)
        {
            var taken = _volumes.ListSnapshots(volume).Select(snapshot => snapshot.Name).ToHashSet();
            var name = Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? "template" : $"template-{i}").First(name => !taken.Contains(name));
            await EngineCalls.RunAsync(() => _volumes.CreateSnapshotAsync(volume, name));
        }

        await EngineCalls.RunAsync(() => _volumes.SetTemplateAsync(volume, isTemplate));
    }

    private static LimitsView View(VolumeLimits limits) =>
        new(limits.OperationsPerSecond, limits.BurstOperations, limits.BytesPerSecond, limits.BurstBytes, limits.FloorOperationsPerSecond, limits.DirtyBytes);

    private static void CheckSize(long sizeBytes)
    {
        if (sizeBytes is < MinSizeBytes or > MaxSizeBytes || sizeBytes % SizeStepBytes != 0)
            throw new RefusedException(RefusalKind.Invalid, $"sizeBytes: {sizeBytes} is no size of a volume: write a multiple of {SizeStepBytes} from {MinSizeBytes} (1 MiB) to {MaxSizeBytes} (64 TiB).", "sizeBytes");
    }

    /// <summary>Also where the volume is there already: a crash may have come in between.</summary>
    private void SayHowHostsSeeIt(Volume volume, CreateVolume wanted)
    {
        if (wanted.Unit is not { } unit)
            return;
        _units.Say(volume.Uuid, new UnitRecord(unit.BlockBytes, unit.ReadOnly, unit.Removable, unit.WriteSameToEnd));
        if (View(volume).Unit != unit)
            throw new RefusedException(RefusalKind.Exists, $"Hosts know the volume {wanted.Name} with another unit. Choose another name.", "unit");
    }

    private VolumeView View(Volume volume, IEnumerable<MappingView> luns, IReadOnlyDictionary<Guid, Snapshot> origins)
    {
        var unit = _units.Seen(volume.Uuid);
        var space = volume.GetStatistics();
        var health = volume.Health;
        return new VolumeView(volume.Name, volume.Uuid, volume.SizeBytes, space.MappedBytes, space.InLogBytes, health.State.ToString(), health.Cause,
            volume.Created,
            volume.IsTemplate,
            new UnitView(unit.BlockBytes, unit.ReadOnly, unit.Removable, unit.WriteSameToEnd),
            [.. luns],
            origins.GetValueOrDefault(volume.Uuid) is { } origin ? new OriginView(origin.Volume.Name, origin.Name) : null,
            View(volume.Limits));
    }
}

using System.Globalization;
using Lunaria.Volumes;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Snapshots of volumes, clones of them, and the way back. Any thread.</summary>
public sealed class SnapshotService
{
    private const int MaxGroup = 256;

    private readonly VolumeManager _manager;
    private readonly VolumeService _volumes;
    private readonly UnitTable _units;
    private readonly StoredSnapshots _stored;
    private readonly ChangeRecorder _changes;
    private readonly TimeProvider _time;

    internal SnapshotService(VolumeManager manager, VolumeService volumes, UnitTable units, StoredSnapshots stored, ChangeRecorder changes, TimeProvider time) =>
        (_manager, _volumes, _units, _stored, _changes, _time) = (manager, volumes, units, stored, changes, time);

    /// <summary>A volume's snapshots, in the order in which they were taken.</summary>
    public IReadOnlyList<SnapshotView> List(string volume) => [.. _manager.ListSnapshots(_volumes.Get(volume)).Select(View)];

    /// <summary>One snapshot.</summary>
    public SnapshotView Show(string volume, string name) => View(Get(_volumes.Get(volume), name));

    /// <summary>What a snapshot takes.</summary>
    public async Task<SnapshotSpaceView> MeasureAsync(string volume, string name)
    {
        var snapshot = Get(_volumes.Get(volume), name);
        var space = await EngineCalls.RunAsync(() => _manager.Comparison.MeasureSnapshotAsync(snapshot));
        return new SnapshotSpaceView(space.TotalBytes, space.ExclusiveBytes, space.SharedBytes, space.InLogBytes);
    }

    /// <summary>What has changed between two snapshots of a volume, in ascending order.</summary>
    public async Task<IReadOnlyList<ChangedRangeView>> CompareAsync(string volume, string older, string newer)
    {
        var owner = _volumes.Get(volume);
        var (from, to) = (Get(owner, older), Get(owner, newer));
        var ranges = await EngineCalls.RunAsync(() => _manager.Comparison.ListChangesAsync(from, to));
        return [.. ranges.Select(range => new ChangedRangeView(range.OffsetBytes, range.LengthBytes, range.IsMapped))];
    }

    /// <summary>Takes a snapshot while the volume is in use; false where one of that name is there.</summary>
    public Task<(SnapshotView Snapshot, bool Created)> CreateAsync(Actor actor, string volumeName, CreateSnapshot wanted)
    {
        var name = NameOf(wanted);
        return _changes.RunAsync(actor, "snapshot.create", Subject(volumeName), async change =>
        {
            var volume = _volumes.Get(volumeName);
            if (_manager.FindSnapshot(volume, name) is { } found)
            {
                change.Nothing = true;
                return found.Sticky == wanted.Sticky && found.Consistent == wanted.Consistent
                    ? (View(found), false)
                    : throw new RefusedException(RefusalKind.Exists, $"There is a snapshot {name} of the volume {volume.Name} already. Choose another name.", "name");
            }

            var taken = await EngineCalls.RunAsync(() => _manager.CreateSnapshotAsync(volume, name, Options(wanted)));
            _stored.Add([taken]);
            var view = View(taken);
            change.After = view;
            return (view, true);
        });
    }

    /// <summary>Takes snapshots of several volumes at one point in the order of all their writes: all or none.</summary>
    public Task<IReadOnlyList<SnapshotView>> CreateGroupAsync(Actor actor, CreateSnapshotGroup wanted)
    {
        if (wanted.Volumes.Count is 0 or > MaxGroup)
            throw new RefusedException(RefusalKind.Invalid, $"volumes: write 1 to {MaxGroup} names.", "volumes");
        foreach (var volume in wanted.Volumes)
            RefusedException.Check("volumes", volume, text => text);
        var name = NameOf(wanted.Snapshot);
        return _changes.RunAsync<IReadOnlyList<SnapshotView>>(actor, "snapshot.createGroup", $"snapshot group {name}", async change =>
        {
            var volumes = wanted.Volumes.Select(_volumes.Get).ToArray();
            var taken = await EngineCalls.RunAsync(() => _manager.CreateSnapshotsAsync(volumes, name, Options(wanted.Snapshot)));
            _stored.Add(taken);
            SnapshotView[] views = [.. taken.Select(View)];
            change.After = views;
            return views;
        });
    }

    /// <summary>Renames a snapshot, keeps it or lets go of it, or changes its labels.</summary>
    public Task<SnapshotView> EditAsync(Actor actor, string volume, string name, EditSnapshot wanted)
    {
        if (wanted.Name is { } newName)
            RefusedException.Check("name", newName, Names.Plain);
        return _changes.RunAsync(actor, "snapshot.edit", Subject(volume), async change =>
        {
            var snapshot = Get(_volumes.Get(volume), name);
            change.Begin(View(snapshot));
            var view = View(await EngineCalls.RunAsync(() => _manager.UpdateSnapshotAsync(snapshot, wanted.Name, wanted.Sticky, CheckLabels(wanted.Labels))));
            change.After = view;
            return view;
        });
    }

    /// <summary>Deletes a snapshot; clones of it keep what they need. <see cref="RefusalKind.InUse"/> for a sticky one.</summary>
    public Task<bool> DeleteAsync(Actor actor, string volume, string name) => _changes.RunAsync(actor, "snapshot.delete", Subject(volume), async change =>
    {
        var snapshot = Get(_volumes.Get(volume), name);
        change.Begin(View(snapshot));
        _volumes.CheckNotMapped([snapshot]);
        await EngineCalls.RunAsync(() => _manager.DeleteSnapshotAsync(snapshot));
        return true;
    });

    /// <summary>Makes a new volume of a snapshot: writable at once, sharing its data, with an identity of its own; hosts see it as the origin.</summary>
    public Task<VolumeView> CloneAsync(Actor actor, string volume, string name, CloneSnapshot wanted)
    {
        RefusedException.Check("name", wanted.Name, Names.VolumeName);
        return _changes.RunAsync(actor, "volume.clone", Subject(wanted.Name), async change =>
        {
            var snapshot = Get(_volumes.Get(volume), name);
            if (_manager.Find(wanted.Name) != null)
                throw new RefusedException(RefusalKind.Exists, $"There is a volume {wanted.Name} already. Choose another name.", "name");
            _volumes.CheckPromise(snapshot.SizeBytes);
            var clone = await EngineCalls.RunAsync(() => _manager.CloneAsync(snapshot, wanted.Name));
            _units.Say(clone.Uuid, _units.Seen(snapshot.Volume.Uuid));
            var view = _volumes.View(clone);
            change.After = view;
            return view;
        });
    }

    /// <summary>Makes a volume what it was at a snapshot, size included. <see cref="RefusalKind.InUse"/> while hosts are logged in.</summary>
    public Task<VolumeView> RollBackAsync(Actor actor, string volumeName, string name, RollBack wanted) =>
        _changes.RunAsync(actor, "volume.rollback", Subject(volumeName), async change =>
        {
            var volume = _volumes.Get(volumeName);
            var snapshot = Get(volume, name);
            change.Begin(_volumes.View(volume));
            _volumes.CheckNoHost(volume, "roll back");
            if (wanted.DropYounger)
                _volumes.CheckNotMapped(_manager.ListSnapshots(volume).Where(other => other.Created > snapshot.Created));
            await EngineCalls.RunAsync(() => _manager.RollBackAsync(snapshot, wanted.DropYounger));
            var view = _volumes.View(volume);
            change.After = view;
            return view;
        });

    /// <summary>Changes of a snapshot are changes of its volume: one at a time.</summary>
    private string Subject(string volume) => VolumeService.Subject(_manager.Find(volume)?.Name ?? volume);

    private Snapshot Get(Volume volume, string name) => _manager.FindSnapshot(volume, name)
        ?? throw new RefusedException(RefusalKind.NotFound, $"There is no snapshot {name} of the volume {volume.Name}.");

    private string NameOf(CreateSnapshot wanted) => wanted.Name == null
        ? _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd-HHmmss", CultureInfo.InvariantCulture)
        : RefusedException.Check("name", wanted.Name, Names.Plain);

    private static SnapshotOptions Options(CreateSnapshot wanted) =>
        new() { Sticky = wanted.Sticky, Consistent = wanted.Consistent, Labels = CheckLabels(wanted.Labels) ?? new Dictionary<string, string>() };

    /// <summary>Values may be null, whatever their type says.</summary>
    private static IReadOnlyDictionary<string, string>? CheckLabels(IReadOnlyDictionary<string, string>? labels)
    {
        foreach (var (key, value) in labels ?? new Dictionary<string, string>())
            RefusedException.Check($"labels.{key}", value, text => text);
        return labels;
    }

    private SnapshotView View(Snapshot snapshot) => new(
        snapshot.Volume.Name,
        snapshot.Name,
        snapshot.Uuid,
        snapshot.SizeBytes,
        snapshot.Created,
        snapshot.Sticky,
        snapshot.Consistent,
        snapshot.Labels,
        [.. _manager.ListClones(snapshot).Select(clone => clone.Name)],
        Progress(snapshot));

    /// <summary>Null where the pool has all of a snapshot.</summary>
    private SnapshotProgressView? Progress(Snapshot snapshot) =>
        _manager.GetProgress(snapshot) is { IsDone: false } progress ? new SnapshotProgressView(progress.InLogBytes, (long)Math.Ceiling(progress.TimeLeft.TotalSeconds)) : null;
}

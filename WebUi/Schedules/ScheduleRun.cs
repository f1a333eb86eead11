using System.Globalization;
using Lunaria.Volumes;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Schedules;

/// <summary>What a run of a schedule does: one snapshot of all its volumes at one point, then retention on each of them. Any thread.</summary>
internal sealed class ScheduleRun(VolumeManager manager, TargetCatalog targets, StoredSnapshots stored, ObjectLocks locks, TimeProvider time)
{
    /// <summary>The volumes of a schedule that exist.</summary>
    public IReadOnlyList<Volume> VolumesOf(ScheduleRecord schedule) => [.. manager.Volumes.Where(volume => schedule.Volumes.Contains(volume.Uuid))];

    /// <summary>Takes the snapshots; their name. <see cref="RefusedException"/> or IOException where one of the volumes cannot give one: then there is none at all.</summary>
    public async Task<string> TakeAsync(ScheduleRecord schedule)
    {
        var volumes = VolumesOf(schedule);
        if (volumes.Count == 0)
            throw new RefusedException(RefusalKind.InUse, $"All volumes of the schedule {schedule.Name} were deleted. Delete it, or give it other volumes.");
        var name = $"{schedule.Name}-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";
        var options = new SnapshotOptions { Labels = new Dictionary<string, string> { [ScheduleRecord.Label] = schedule.Name } };
        stored.Add(await EngineCalls.RunAsync(() => manager.CreateSnapshotsAsync(volumes, name, options)));
        return name;
    }

    /// <summary>Deletes what the rules do not keep; what was deleted, as VOLUME@SNAPSHOT.</summary>
    public async Task<IReadOnlyList<string>> PruneAsync(ScheduleRecord schedule)
    {
        List<string> deleted = [];
        foreach (var volume in VolumesOf(schedule))
        {
            // A snapshot that is being mapped or cloned must not go meanwhile.
            using var hold = await locks.TakeAsync(VolumeService.Subject(volume.Name), $"schedule {schedule.Name}", "schedule.run");
            Snapshot[] unkept = [.. Judge(schedule, schedule.Keep, volume, coming: null).Where(judged => judged.KeptBy.Count == 0).Select(judged => judged.Snapshot)];
            await EngineCalls.RunAsync(() => manager.DeleteSnapshotsAsync(unkept));
            deleted.AddRange(unkept.Select(snapshot => $"{volume.Name}@{snapshot.Name}"));
        }

        return deleted;
    }

    /// <summary>What rules would do to a volume's snapshots of this schedule once the one of <paramref name="coming"/> is there (null = it is there already).</summary>
    public IReadOnlyList<(Snapshot Snapshot, IReadOnlyList<string> KeptBy)> Judge(ScheduleRecord schedule, KeepRules rules, Volume volume, DateTimeOffset? coming)
    {
        var mappings = targets.Mappings();
        Snapshot[] own = [.. manager.ListSnapshots(volume).Where(snapshot => snapshot.Labels.GetValueOrDefault(ScheduleRecord.Label) == schedule.Name)];
        var taken = own.Select(snapshot => snapshot.Created);
        var kept = Retention.Apply(rules, [.. coming is { } now ? taken.Append(now) : taken]);
        return [.. own.Select((snapshot, i) => (snapshot, (IReadOnlyList<string>)[.. kept[i].Concat(Holds(snapshot, mappings))]))];
    }

    private IEnumerable<string> Holds(Snapshot snapshot, ILookup<Guid, MappingView> mappings)
    {
        if (snapshot.Sticky)
            yield return "sticky";
        if (manager.ListClones(snapshot).Count > 0)
            yield return "cloned";
        if (mappings.Contains(snapshot.Uuid))
            yield return "mapped";
    }
}

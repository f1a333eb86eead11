using System.Collections.Immutable;
using System.Globalization;
using Lunaria.Volumes;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Schedules;

namespace Lunaria.WebUi.Administration;

/// <summary>Schedules: when snapshots are taken by themselves, and which of them stay. Reads are of a snapshot; any thread.</summary>
public sealed class ScheduleService
{
    private const int MaxSchedules = 1000;
    private const int MaxVolumes = 256;

    /// <summary>A snapshot's name has the time behind it.</summary>
    private const int MaxNameLength = 48;

    private readonly VolumeManager _manager;
    private readonly VolumeService _volumes;
    private readonly ScheduleRun _run;
    private readonly ScheduleStore _store;
    private readonly ChangeRecorder _changes;
    private readonly TimeProvider _time;
    private ImmutableSortedDictionary<string, ScheduleRecord> _schedules;
    private ImmutableDictionary<string, string> _errors = ImmutableDictionary<string, string>.Empty;

    internal ScheduleService(VolumeManager manager, VolumeService volumes, ScheduleRun run, ScheduleStore store, ChangeRecorder changes, TimeProvider time)
    {
        (_manager, _volumes, _run, _store, _changes, _time) = (manager, volumes, run, store, changes, time);
        _schedules = store.Read().ToImmutableSortedDictionary(schedule => schedule.Name, schedule => schedule, StringComparer.Ordinal);
    }

    /// <summary>All schedules now, by name.</summary>
    internal IEnumerable<ScheduleRecord> All => _schedules.Values;

    /// <summary>Called when a schedule has been added or changed.</summary>
    internal Action? Changed { get; set; }

    /// <summary>All schedules, by name.</summary>
    public IReadOnlyList<ScheduleView> List() => [.. All.Select(View)];

    /// <summary>One schedule.</summary>
    public ScheduleView Show(string name) => View(Get(name));

    /// <summary>Creates a schedule; one that is there with the same values is the answer, too (false). The first run is the next time it is due.</summary>
    public Task<(ScheduleView Schedule, bool Created)> CreateAsync(Actor actor, CreateSchedule wanted)
    {
        RefusedException.Check("name", wanted.Name, Names.Plain);
        if (wanted.Name.Length > MaxNameLength)
            throw new RefusedException(RefusalKind.Invalid, $"name: a schedule's name has at most {MaxNameLength} characters, as its snapshots add the time.", "name");
        CheckKeep(wanted.Keep);
        var recurrence = RecurrenceOf(wanted);
        return _changes.RunAsync(actor, "schedule.create", Subject(wanted.Name), change =>
        {
            var record = new ScheduleRecord(wanted.Name, VolumesOf(wanted.Volumes), recurrence, wanted.Keep, Paused: false, _time.GetUtcNow(), LastRun: null);
            if (_schedules.TryGetValue(wanted.Name, out var found))
            {
                change.Nothing = true;
                return found.Recurrence == record.Recurrence && found.Keep == record.Keep && found.Volumes.SequenceEqual(record.Volumes)
                    ? (View(found), false)
                    : throw new RefusedException(RefusalKind.Exists, $"There is another schedule {wanted.Name} already. Choose another name, or edit that one.", "name");
            }

            if (_schedules.Count >= MaxSchedules)
                throw new RefusedException(RefusalKind.Exists, $"There are {MaxSchedules} schedules already. One may have many volumes.");
            Write(record);
            change.After = View(record);
            return (View(record), true);
        });
    }

    /// <summary>Changes volumes or rules, or pauses it.</summary>
    public Task<ScheduleView> EditAsync(Actor actor, string name, EditSchedule wanted)
    {
        if (wanted.Keep is { } keep)
            CheckKeep(keep);
        return _changes.RunAsync(actor, "schedule.edit", Subject(name), change =>
        {
            var before = Get(name);
            change.Begin(View(before));
            var record = before with
            {
                Volumes = wanted.Volumes is { } volumes ? VolumesOf(volumes) : before.Volumes,
                Keep = wanted.Keep ?? before.Keep,
                Paused = wanted.Paused ?? before.Paused,
                // What was missed while it was paused is not made up for.
                Done = before.Paused ? _time.GetUtcNow() : before.Done,
            };
            Write(record);
            change.After = View(record);
            return View(record);
        });
    }

    /// <summary>Deletes a schedule; the snapshots that it took stay.</summary>
    public Task<bool> DeleteAsync(Actor actor, string name) => _changes.RunAsync(actor, "schedule.delete", Subject(name), change =>
    {
        change.Begin(View(Get(name)));
        _store.Remove(name);
        ImmutableInterlocked.Update(ref _schedules, schedules => schedules.Remove(name));
        return true;
    });

    /// <summary>What a run now would do to the schedule's snapshots, by its own rules or by <paramref name="rules"/>.</summary>
    public IReadOnlyList<ScheduledSnapshotView> Preview(string name, KeepRules? rules)
    {
        var schedule = Get(name);
        if (rules != null)
            CheckKeep(rules);
        var now = _time.GetUtcNow();
        return [.. _run.VolumesOf(schedule).SelectMany(
            volume => _run.Judge(schedule, rules ?? schedule.Keep, volume, coming: now),
            (volume, judged) => new ScheduledSnapshotView(volume.Name, judged.Snapshot.Name, judged.Snapshot.Created, judged.KeptBy))];
    }

    /// <summary>Runs a schedule now; when it is due next does not change.</summary>
    public Task<ScheduleRunView> RunAsync(Actor actor, string name) => _changes.RunAsync(actor, "schedule.run", Subject(name), async change =>
    {
        var view = await RunAsync(Get(name), done: null);
        change.After = view;
        return view;
    });

    /// <summary>Runs one that is due. The caller holds its lock.</summary>
    internal Task<ScheduleRunView> RunDueAsync(ScheduleRecord schedule) => RunAsync(schedule, schedule.Recurrence.LatestAtOrBefore(_time.GetUtcNow()));

    /// <summary>Remembers why the last run failed, null = it did not; false where that was known.</summary>
    internal bool SetError(string name, string? error) =>
        ImmutableInterlocked.Update(ref _errors, errors => error == null ? errors.Remove(name) : errors.SetItem(name, error));

    /// <summary>A schedule by name, or null.</summary>
    internal ScheduleRecord? Find(string name) => _schedules.GetValueOrDefault(name);

    /// <summary>How changes of a schedule are named.</summary>
    internal static string Subject(string name) => $"schedule {name}";

    private async Task<ScheduleRunView> RunAsync(ScheduleRecord schedule, DateTimeOffset? done)
    {
        var snapshot = await _run.TakeAsync(schedule);
        Write(schedule with { Done = done ?? schedule.Done, LastRun = _time.GetUtcNow() });
        var deleted = await _run.PruneAsync(schedule);
        SetError(schedule.Name, null);
        return new ScheduleRunView(schedule.Name, snapshot, [.. _run.VolumesOf(schedule).Select(volume => volume.Name)], deleted);
    }

    private void Write(ScheduleRecord record)
    {
        _store.Write(record);
        ImmutableInterlocked.Update(ref _schedules, schedules => schedules.SetItem(record.Name, record));
        Changed?.Invoke();
    }

    private ScheduleRecord Get(string name) => Find(name) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no schedule {name}.");

    private Guid[] VolumesOf(IReadOnlyList<string> names)
    {
        if (names.Count is 0 or > MaxVolumes)
            throw new RefusedException(RefusalKind.Invalid, $"volumes: write 1 to {MaxVolumes} names.", "volumes");
        Volume[] volumes = [.. names.Select(name => _volumes.Get(RefusedException.Check("volumes", name, text => text))).Distinct()];
        if (Array.Find(volumes, volume => volume.IsTemplate) is { } template)
            throw new RefusedException(RefusalKind.InUse, $"The volume {template.Name} is a template, which never changes: no snapshot of it can be taken. Leave it out.", "volumes");
        return [.. volumes.Select(volume => volume.Uuid)];
    }

    private static void CheckKeep(KeepRules rules)
    {
        if (Retention.FindFault(rules) is { } fault)
            throw new RefusedException(RefusalKind.Invalid, fault, "keep");
    }

    private static Recurrence RecurrenceOf(CreateSchedule wanted)
    {
        if (!Enum.IsDefined(wanted.Weekday))
            throw new RefusedException(RefusalKind.Invalid, "weekday: write monday, tuesday and so on.", "weekday");
        if (wanted.Day is < 1 or > 31)
            throw new RefusedException(RefusalKind.Invalid, $"day: {wanted.Day} is no day of a month: write 1 to 31.", "day");
        if (!TimeOnly.TryParseExact(wanted.At ?? "00:00", "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
            throw new RefusedException(RefusalKind.Invalid, "at: this is no time of a day: write HH:MM in UTC, like 03:30.", "at");
        return new Recurrence(wanted.Every, at, wanted.Weekday, wanted.Day);
    }

    private ScheduleView View(ScheduleRecord schedule) => new(
        schedule.Name,
        [.. _run.VolumesOf(schedule).Select(volume => volume.Name)],
        schedule.Recurrence.Every,
        schedule.Recurrence.At.ToString("HH:mm", CultureInfo.InvariantCulture),
        schedule.Recurrence.Weekday,
        schedule.Recurrence.Day,
        schedule.Keep,
        schedule.Paused,
        schedule.IsDue(_time.GetUtcNow()) ? schedule.Recurrence.LatestAtOrBefore(_time.GetUtcNow()) : schedule.Recurrence.NextAfter(_time.GetUtcNow()),
        schedule.LastRun,
        _errors.GetValueOrDefault(schedule.Name));
}

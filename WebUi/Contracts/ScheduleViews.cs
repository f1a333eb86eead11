using System.Text.Json.Serialization;

namespace Lunaria.WebUi.Contracts;

/// <summary>How often a schedule runs. The numbers are in lunaria.db.</summary>
[JsonConverter(typeof(EnumWords<Rhythm>))]
public enum Rhythm
{
    /// <summary>Each hour.</summary>
    Hourly = 1,
    /// <summary>Each day.</summary>
    Daily = 2,
    /// <summary>Each week.</summary>
    Weekly = 3,
    /// <summary>Each month.</summary>
    Monthly = 4,
}

/// <summary>
/// Which of a schedule's snapshots stay: the newest of each of the last so many hours, days, weeks and months that have one, and the last so many in any case. A snapshot
/// that one rule keeps stays.
/// </summary>
public sealed record KeepRules
{
    /// <summary>The newest ones.</summary>
    public int Last { get; set; }

    /// <summary>The newest of each hour, for so many hours.</summary>
    public int Hourly { get; set; }

    /// <summary>The newest of each day.</summary>
    public int Daily { get; set; }

    /// <summary>The newest of each week, which begins on Monday.</summary>
    public int Weekly { get; set; }

    /// <summary>The newest of each month.</summary>
    public int Monthly { get; set; }
}

/// <summary>
/// A schedule. <paramref name="Volumes"/> are taken at one point in the order of all their writes. <paramref name="At"/>: time of the day, UTC, of which hourly ones take the minutes;
/// <paramref name="LastError"/>: why the last run failed, since the start of the appliance.
/// </summary>
public sealed record ScheduleView(
    string Name,
    IReadOnlyList<string> Volumes,
    Rhythm Every,
    string At,
    [property: JsonConverter(typeof(EnumWords<DayOfWeek>))] DayOfWeek Weekday,
    int Day,
    KeepRules Keep,
    bool Paused,
    DateTimeOffset NextRun,
    DateTimeOffset? LastRun,
    string? LastError);

/// <summary>A schedule to create.</summary>
public sealed record CreateSchedule
{
    /// <summary>Its name; its snapshots are called NAME-YYYYMMDD-HHMMSS.</summary>
    public required string Name { get; init; }

    /// <summary>The volumes, at most 256; several are a consistency group.</summary>
    public required IReadOnlyList<string> Volumes { get; init; }

    /// <summary>How often.</summary>
    public required Rhythm Every { get; init; }

    /// <summary>Time of the day as HH:MM, UTC; 00:00 where left out. Hourly ones take the minutes of it.</summary>
    public string? At { get; set; }

    /// <summary>Of weekly ones; Monday where left out.</summary>
    [JsonConverter(typeof(EnumWords<DayOfWeek>))]
    public DayOfWeek Weekday { get; set; } = DayOfWeek.Monday;

    /// <summary>Of monthly ones, 1 to 31; a shorter month has it on its last day.</summary>
    public int Day { get; set; } = 1;

    /// <summary>Which of its snapshots stay.</summary>
    public required KeepRules Keep { get; init; }
}

/// <summary>What to change of a schedule; what is left out stays.</summary>
public sealed record EditSchedule
{
    /// <summary>Other volumes, all of them.</summary>
    public IReadOnlyList<string>? Volumes { get; set; }

    /// <summary>Other rules, all of them.</summary>
    public KeepRules? Keep { get; set; }

    /// <summary>It does not run until this is taken back.</summary>
    public bool? Paused { get; set; }
}

/// <summary>
/// A snapshot of a schedule, as a run now would treat it. <paramref name="KeptBy"/>: the rules that keep it, or sticky, cloned, mapped; empty = it would go.
/// </summary>
public sealed record ScheduledSnapshotView(string Volume, string Snapshot, DateTimeOffset Created, IReadOnlyList<string> KeptBy);

/// <summary>What a run has done. <paramref name="Deleted"/>: as VOLUME@SNAPSHOT.</summary>
public sealed record ScheduleRunView(string Schedule, string Snapshot, IReadOnlyList<string> Volumes, IReadOnlyList<string> Deleted);

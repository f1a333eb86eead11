using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Schedules;

/// <summary>
/// A schedule in lunaria.db. <paramref name="Done"/>: up to this moment nothing is due any more; <paramref name="LastRun"/>: when it ran last, null = never. Immutable.
/// </summary>
internal sealed record ScheduleRecord(
    string Name, IReadOnlyList<Guid> Volumes, Recurrence Recurrence, KeepRules Keep, bool Paused, DateTimeOffset Done, DateTimeOffset? LastRun)
{
    /// <summary>The label that its snapshots carry, with its name.</summary>
    public const string Label = "schedule";

    /// <summary>True where a run is due. Runs that were missed, however many, are one.</summary>
    public bool IsDue(DateTimeOffset now) => !Paused && Recurrence.LatestAtOrBefore(now) > Done;
}

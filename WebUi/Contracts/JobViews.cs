using System.Text.Json.Serialization;

namespace Lunaria.WebUi.Contracts;

/// <summary>How far a job has come.</summary>
[JsonConverter(typeof(EnumWords<JobState>))]
public enum JobState
{
    /// <summary>It runs.</summary>
    Running,
    /// <summary>It has done what was asked for.</summary>
    Succeeded,
    /// <summary>It has ended without that; its message says why, and what to do.</summary>
    Failed,
    /// <summary>Somebody has ended it.</summary>
    Cancelled,
}

/// <summary>
/// Work that takes long. <paramref name="Kind"/>: what is done, like volume.flatten; <paramref name="Subject"/>: the thing it is done to; <paramref name="Done"/> of
/// <paramref name="Total"/> <paramref name="Unit"/> (bytes, blocks, ...), Total 0 where that is not known; <paramref name="Message"/>: what it is at, or how it ended.
/// </summary>
public sealed record JobView(
    long Id, string Kind, string Subject, string Who, JobState State, long Done, long Total, string Unit, string? Message, DateTimeOffset Began, DateTimeOffset? Ended);

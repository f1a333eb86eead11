using System.Text.Json.Serialization;

namespace Lunaria.WebUi.Contracts;

/// <summary>How scarce the space of the pool is.</summary>
[JsonConverter(typeof(EnumWords<PoolSpaceState>))]
public enum PoolSpaceState
{
    /// <summary>Enough is free.</summary>
    Ok,
    /// <summary>Less is free than the low mark: add space soon.</summary>
    Low,
    /// <summary>Less is free than the full mark: writes are about to fail.</summary>
    Full,
}

/// <summary>What a component does for the pool.</summary>
[JsonConverter(typeof(EnumWords<ComponentState>))]
public enum ComponentState
{
    /// <summary>Holds data and takes new data.</summary>
    Active,
    /// <summary>Its data moves to the others, or has moved; it takes nothing new.</summary>
    Evacuating,
    /// <summary>It failed: it is read where it can be, and takes no changes until the next start.</summary>
    Failed,
}

/// <summary>
/// The pool. <paramref name="FreeBytes"/>: what new data can use, without <paramref name="ReservedBytes"/>, which keep metadata and deletes working;
/// <paramref name="PromisedBytes"/>: the sizes of all volumes, <paramref name="OverCommit"/> times the pool; <paramref name="DaysToFull"/>: at the pace of the last week, null where
/// it does not grow; <paramref name="Membership"/>: one more with each change of the components; <paramref name="Findings"/>: what the last start found wrong.
/// </summary>
public sealed record PoolView(
    string Name,
    Guid Id,
    long Membership,
    int ChunkBytes,
    PoolSpaceState State,
    long TotalBytes,
    long FreeBytes,
    long ReservedBytes,
    long PromisedBytes,
    double OverCommit,
    double? DaysToFull,
    IReadOnlyList<ComponentView> Components,
    IReadOnlyList<string> Findings);

/// <summary>
/// A component of the pool: a file or a block device. <paramref name="Cause"/>: why it failed; <paramref name="Job"/>: the evacuation that runs, with its progress.
/// </summary>
public sealed record ComponentView(
    string Path, Guid Id, bool IsDevice, ComponentState State, long TotalBytes, long UsedBytes, string? Cause, JobView? Job = null);

/// <summary>A component to add.</summary>
public sealed record AddComponent
{
    /// <summary>A file that is made, or a blank block device; relative to the data directory.</summary>
    public required string Path { get; init; }

    /// <summary>Its size in bytes; a device has its own.</summary>
    public long? SizeBytes { get; init; }
}

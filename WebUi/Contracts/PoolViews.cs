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
    /// <summary>It failed or was missing, and the pool went on without it: nothing on it is used any more. It can be removed, or added again, empty.</summary>
    SetAside,
}

/// <summary>
/// Objects that get the copies that they lack: how many, how many bytes, how many are done; <paramref name="Cause"/>: why not all could be, null where none is known.
/// </summary>
public sealed record MendingView(int Objects, long TotalBytes, long DoneBytes, string? Cause);

/// <summary>
/// The pool. <paramref name="TotalBytes"/> are <paramref name="UsedBytes"/>, <paramref name="ReservedBytes"/>, which keep metadata and deletes working when the pool is full, and
/// <paramref name="FreeBytes"/>, which new data can use;
/// <paramref name="PromisedBytes"/>: the sizes of all volumes, <paramref name="OverCommit"/> times the pool; <paramref name="DaysToFull"/>: at the pace of the last week, null where
/// it does not grow; <paramref name="Copies"/>: on how many components each object is stored; <paramref name="Mending"/>: null where each object has them;
/// <paramref name="RepairedCopies"/>: damaged copies that were replaced since the start; <paramref name="DamagedObjects"/>: those of which every copy is damaged;
/// <paramref name="Membership"/>: one more with each change of the components; <paramref name="Findings"/>: what the last start found wrong.
/// </summary>
public sealed record PoolView(
    string Name,
    Guid Id,
    long Membership,
    int ChunkBytes,
    PoolSpaceState State,
    long TotalBytes,
    long UsedBytes,
    long ReservedBytes,
    long FreeBytes,
    long PromisedBytes,
    double OverCommit,
    double? DaysToFull,
    int Copies,
    MendingView? Mending,
    long RepairedCopies,
    IReadOnlyList<string> DamagedObjects,
    IReadOnlyList<ComponentView> Components,
    IReadOnlyList<string> Findings);

/// <summary>
/// A component of the pool: a file or a block device. <paramref name="Cause"/>: why it failed; <paramref name="Volumes"/>: those that may have data that only it has, where it has
/// failed, else null; <paramref name="Job"/>: the evacuation that runs, with its progress; <paramref name="StableName"/>: the name with the serial number of a device whose path may be
/// another one's after the next start of the machine, else null.
/// </summary>
public sealed record ComponentView(
    string Path, Guid Id, bool IsDevice, ComponentState State, long TotalBytes, long UsedBytes, string? Cause, JobView? Job = null, IReadOnlyList<string>? Volumes = null,
    string? StableName = null);

/// <summary>A component to add.</summary>
public sealed record AddComponent
{
    /// <summary>A file that is made, or a blank block device; relative to the data directory.</summary>
    public required string Path { get; init; }

    /// <summary>Its size in bytes; a device has its own.</summary>
    public long? SizeBytes { get; init; }
}

/// <summary>How often each object is to be stored.</summary>
public sealed record PoolCopies
{
    /// <summary>1 or 2, each on another component.</summary>
    public required int Copies { get; init; }
}

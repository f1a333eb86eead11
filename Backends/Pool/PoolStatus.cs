using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool;

/// <summary>What a component does for its pool.</summary>
public enum PoolComponentState
{
    /// <summary>Holds objects and takes new ones.</summary>
    Active,
    /// <summary>Its objects move to the others; it takes no new ones.</summary>
    Evacuating,
    /// <summary>It failed: what it holds is still read where it can be, and it takes no changes until the next start.</summary>
    Failed,
    /// <summary>It failed or was missing, and the pool went on without it: nothing on it is used any more.</summary>
    SetAside,
}

/// <summary>
/// Objects get the copies that they lack: how many, how many bytes, how many of them are done, and why not all could be; null where nothing is wrong.
/// </summary>
public sealed record PoolMending(int Objects, long TotalBytes, long DoneBytes, string? Cause);

/// <summary>One component now. Bytes; <paramref name="FailureCause"/>: null where it works.</summary>
public sealed record PoolComponentStatus(
    string Path, Guid Id, bool IsDevice, PoolComponentState State, long TotalBytes, long UsedBytes, string? FailureCause);

/// <summary>
/// A pool now. <paramref name="Space"/> counts objects once, whatever copies they have. <paramref name="Mending"/>: null where each object has its
/// copies; <paramref name="RepairedCopies"/>: damaged copies that were replaced since the start; <paramref name="DamagedObjects"/>: keys of objects of which every copy is damaged.
/// </summary>
public sealed record PoolStatus(
    string Name,
    Guid Id,
    ulong Membership,
    int ChunkBytes,
    WatermarkState Watermark,
    ObjectStoreSpace Space,
    int Copies,
    PoolMending? Mending,
    long RepairedCopies,
    IReadOnlyList<string> DamagedObjects,
    IReadOnlyList<PoolComponentStatus> Components,
    IReadOnlyList<PoolFinding> Findings);

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
}

/// <summary>One component now. Bytes; <paramref name="FailureCause"/>: null where it works.</summary>
public sealed record PoolComponentStatus(
    string Path, Guid Id, bool IsDevice, PoolComponentState State, long TotalBytes, long UsedBytes, string? FailureCause);

/// <summary>A pool now. Bytes; the reserve is not among <paramref name="FreeBytes"/>.</summary>
public sealed record PoolStatus(
    string Name,
    Guid Id,
    ulong Membership,
    int ChunkBytes,
    WatermarkState Watermark,
    long TotalBytes,
    long FreeBytes,
    long ReservedBytes,
    IReadOnlyList<PoolComponentStatus> Components,
    IReadOnlyList<PoolFinding> Findings);

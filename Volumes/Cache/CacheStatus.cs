namespace Lunaria.Volumes.Cache;

/// <summary>
/// One cache device. <paramref name="Failure"/>: why it is not used any more; null while it is. <paramref name="UsedBytes"/>: in slots that hold something.
/// </summary>
public sealed record CacheDeviceStatus(string Path, long SizeBytes, long UsedBytes, string? Failure);

/// <summary>
/// One volume's part of the cache since the start. <paramref name="UsedBytes"/>: slots charged to it; what clones have in common is charged to who read it first.
/// Hits and misses are bytes of blocks that are in segments; what the write log answers counts as neither.
/// </summary>
public sealed record VolumeCacheStatus(
    Guid Volume, CachePolicy Policy, long UsedBytes, long HitBytes, long MissBytes, long Evictions)
{
    /// <summary>Share of the bytes that came from the cache; 0 where nothing was read.</summary>
    public double HitRate => HitBytes + MissBytes == 0 ? 0 : (double)HitBytes / (HitBytes + MissBytes);
}

/// <summary>
/// The read cache at the moment of the call. <paramref name="IsLoaded"/>: what an earlier life left has been looked through. <paramref name="Windows"/>: windows that can be
/// found; <paramref name="ContentBlocks"/>: distinct blocks kept by content. <paramref name="DroppedSlots"/>: entries given up because what they held was not what it should be.
/// <paramref name="SkippedWindows"/>: windows not taken in because the devices did not keep up.
/// </summary>
public sealed record ReadCacheStatus(
    IReadOnlyList<CacheDeviceStatus> Devices, IReadOnlyList<VolumeCacheStatus> Volumes, bool IsLoaded,
    long CapacityBytes, long UsedBytes, long Windows, long ContentBlocks, long HitBytes, long MissBytes, long Evictions, long DroppedSlots, long SkippedWindows,
    long IndexMemoryBytes, long MemoryBytes);

namespace Lunaria.Volumes;

/// <summary>
/// Garbage collection now. <paramref name="BytesPerSecond"/>: the most it copies, 0 = no limit; <paramref name="CopiedBytes"/>: since the engine was opened;
/// <paramref name="StoredBytes"/>: all segments; <paramref name="GarbageBytes"/>: of them, blocks that nothing names, at least.
/// </summary>
public sealed record CollectionStatus(
    bool IsPaused, bool IsRunning, long BytesPerSecond, long CopiedBytes, long StoredBytes, long GarbageBytes, IReadOnlyList<VolumeGarbage> Volumes);

/// <summary>Segments that a volume has written, since its last rollback, and what of them garbage collection could give back, in bytes.</summary>
public sealed record VolumeGarbage(Volume Volume, long StoredBytes, long GarbageBytes);

namespace Lunaria.Volumes;

/// <summary>
/// Space of a snapshot at the moment of the call. <paramref name="TotalBytes"/>: what it maps. <paramref name="ExclusiveBytes"/>: what its delete would free: blocks that neither the
/// snapshots beside it nor the volume nor a clone names. <paramref name="SharedBytes"/>: the rest. <paramref name="InLogBytes"/>: what the object store does not have yet.
/// </summary>
public readonly record struct SnapshotSpace(long TotalBytes, long ExclusiveBytes, long SharedBytes, long InLogBytes);

/// <summary>
/// Space of a volume with its snapshots. <paramref name="ShownBytes"/>: what the volume maps, whoever else does; <paramref name="OwnBytes"/>: what it and its snapshots hold and no
/// other volume does, each block counted once.
/// </summary>
public readonly record struct VolumeSpace(long ShownBytes, long OwnBytes);

/// <summary>
/// How far the object store is with a snapshot. <paramref name="InLogBytes"/>: what it does not have yet; <paramref name="TimeLeft"/>: until it has all, as fast as the log is
/// emptied now, whoever's data lies before it.
/// </summary>
public readonly record struct SnapshotProgress(bool IsDone, long InLogBytes, TimeSpan TimeLeft);

/// <summary>A range of bytes that differs between two snapshots; <paramref name="IsMapped"/>: the newer one has data there, else zeros.</summary>
public readonly record struct ChangedRange(long OffsetBytes, long LengthBytes, bool IsMapped);

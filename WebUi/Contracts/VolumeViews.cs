namespace Lunaria.WebUi.Contracts;

/// <summary>
/// A volume. <paramref name="MappedBytes"/>: what of it holds data in the pool; <paramref name="InLogBytes"/>: what in the log (new, or in place of
/// what the pool holds). <paramref name="Cause"/>: what is wrong, where <paramref name="Health"/> is not Online; <paramref name="Origin"/>: the snapshot that a
/// clone still shares data with.
/// </summary>
public sealed record VolumeView(
    string Name, Guid Uuid, long SizeBytes, long MappedBytes, long InLogBytes, string Health, string? Cause, DateTimeOffset Created, bool IsTemplate, UnitView Unit, IReadOnlyList<MappingView> Luns,
    OriginView? Origin,
    LimitsView Limits);

/// <summary>The snapshot that a clone was made of.</summary>
public sealed record OriginView(string Volume, string Snapshot);

/// <summary>
/// How hosts see a volume, the same through every LUN that shows it, for good. <paramref name="BlockBytes"/>: 512 or 4096, what hosts address by;
/// <paramref name="Removable"/>: hosts can eject it; <paramref name="WriteSameToEnd"/>: WRITE SAME of 0 blocks means the rest of the volume.
/// </summary>
public sealed record UnitView(int BlockBytes, bool ReadOnly, bool Removable, bool WriteSameToEnd);

/// <summary>Where a volume is shown: a LUN of a target.</summary>
public sealed record MappingView(string Target, int Lun);

/// <summary>
/// What a volume may do at most: reads, writes and unmaps together. What is null or left out is not limited. A burst is what may come at once after a pause, as much as in a second
/// where it is left out. The floor: so many writes a second are not slowed by the back-pressure of a log that other volumes fill.
/// <paramref name="DirtyBytes"/>: what the write log may hold of it that the pool or bucket does not have yet, at least 16 MiB; writes are slowed before, and wait there.
/// </summary>
public sealed record LimitsView(
    long? OperationsPerSecond = null, long? BurstOperations = null, long? BytesPerSecond = null, long? BurstBytes = null, long? FloorOperationsPerSecond = null,
    long? DirtyBytes = null);

/// <summary>
/// Space of a volume with its snapshots. <paramref name="ShownBytes"/>: what the volume maps, whoever else does; <paramref name="OwnBytes"/>: what it and its snapshots hold and no
/// other volume does, each block counted once, so that over all volumes it is what the pool keeps alive.
/// </summary>
public sealed record VolumeSpaceView(long ShownBytes, long OwnBytes);

/// <summary>A volume to create.</summary>
public sealed record CreateVolume
{
    /// <summary>Unique among volumes: 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'.</summary>
    public required string Name { get; init; }

    /// <summary>What it promises, bytes: a multiple of 4096, 1 MiB to 64 TiB. Thin: only what is written takes space.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>How hosts see it; blocks of 512 bytes, writable, not removable where left out.</summary>
    public UnitView? Unit { get; set; }
}

/// <summary>What to change of a volume; what is left out stays.</summary>
public sealed record EditVolume
{
    /// <summary>Another name.</summary>
    public string? Name { get; set; }

    /// <summary>Another size, bytes. Hosts that are logged in hear of a greater one with their next command.</summary>
    public long? SizeBytes { get; set; }

    /// <summary>A smaller size loses what lies behind it: true where that is meant. Only while no host is logged in.</summary>
    public bool DiscardTail { get; set; }

    /// <summary>A template takes no writes, cannot be deleted, and has a snapshot to clone. Only while no host is logged in.</summary>
    public bool? IsTemplate { get; set; }
}

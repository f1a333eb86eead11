namespace Lunaria.WebUi.Contracts;

/// <summary>A check to begin; what is left out is not done.</summary>
public sealed record StartCheck
{
    /// <summary>Report only what concerns this volume; everything where left out.</summary>
    public string? Volume { get; set; }

    /// <summary>Read every block of every segment and compare its checksum, not the headers only.</summary>
    public bool ReadBlocks { get; set; }

    /// <summary>Most bytes read from the pool a second; 0 = as fast as it can.</summary>
    public long BytesPerSecond { get; set; }
}

/// <summary>
/// What the last check found. <paramref name="IsSound"/>: nothing is wrong; <paramref name="LeftOut"/>: findings beyond those listed.
/// </summary>
public sealed record CheckReportView(
    DateTimeOffset Ended, string? Volume, bool ReadBlocks, bool IsSound, long Leaves, long Segments, long BlocksRead, IReadOnlyList<CheckFindingView> Findings, long LeftOut);

/// <summary>One finding: <paramref name="Kind"/> is stable, OPERATIONS.md says what each means; <paramref name="Remedy"/>: what to do about it.</summary>
public sealed record CheckFindingView(string Kind, string Subject, string Detail, string Remedy);

/// <summary>An audit of the pool to begin.</summary>
public sealed record StartAudit
{
    /// <summary>Delete objects that nothing has named since an earlier audit at least so many seconds ago; nothing is deleted where left out.</summary>
    public long? ClearAfterSeconds { get; set; }
}

/// <summary>What the last audit found: objects that the map names, objects that nothing names, and keys that are named and not there.</summary>
public sealed record AuditReportView(
    DateTimeOffset Ended, long LiveObjects, long LiveBytes, IReadOnlyList<OrphanView> Orphans, long OrphanBytes, long Cleared, IReadOnlyList<string> Missing);

/// <summary>An object that nothing names, and since when that is known.</summary>
public sealed record OrphanView(string Key, long LengthBytes, DateTimeOffset Since);

/// <summary>
/// Garbage collection. <paramref name="State"/>: idle, running or paused; <paramref name="BytesPerSecond"/>: the most it copies, 0 = no limit; <paramref name="CopiedBytes"/>: since the
/// start; <paramref name="GarbageBytes"/>: of <paramref name="StoredBytes"/>, what could be given back.
/// </summary>
public sealed record CollectionView(string State, long BytesPerSecond, long CopiedBytes, long StoredBytes, long GarbageBytes, IReadOnlyList<VolumeGarbageView> Volumes);

/// <summary>What garbage collection could give back of a volume's segments.</summary>
public sealed record VolumeGarbageView(string Volume, long StoredBytes, long GarbageBytes);

/// <summary>What to change of garbage collection; what is left out stays.</summary>
public sealed record EditCollection
{
    /// <summary>Most bytes it copies a second; 0 = as fast as it can. Durable.</summary>
    public long? BytesPerSecond { get; set; }

    /// <summary>True: no round begins by itself, until the appliance is started again.</summary>
    public bool? Paused { get; set; }
}

/// <summary>
/// Background verification. <paramref name="BytesPerSecond"/>: 0 = it rests; <paramref name="ReadBytes"/>: since the start; <paramref name="Position"/> of <paramref name="End"/>: segments in
/// this pass; <paramref name="Passes"/>: ended since the start; <paramref name="Damages"/>: what is damaged still.
/// </summary>
public sealed record VerificationView(
    long BytesPerSecond, long ReadBytes, long Position, long End, int Passes, DateTimeOffset? LastPass, IReadOnlyList<CheckFindingView> Damages);

/// <summary>What to change of background verification.</summary>
public sealed record EditVerification
{
    /// <summary>Bytes it reads a second; 0 = it rests. Durable.</summary>
    public required long BytesPerSecond { get; init; }
}

/// <summary>A copy of lunaria.db in the data directory.</summary>
public sealed record BackupView(string Path, long LengthBytes, DateTimeOffset Created);

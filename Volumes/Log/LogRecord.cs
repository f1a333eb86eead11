namespace Lunaria.Volumes.Log;

/// <summary>
/// A valid record met in replay, headers parsed, payload verified. Lives until the visitor returns. The payload block i is at
/// <see cref="PayloadLsn"/> + i * 4096 and has the checksum <see cref="BlockCrcs"/>[i].
/// </summary>
internal readonly ref struct LogRecord(
    ulong recordLsn, ulong payloadLsn, LogPosition end, ReadOnlySpan<LogExtent> extents, ReadOnlySpan<uint> blockCrcs)
{
    /// <summary>Position of the header; the LSN of the record's trims and zeros.</summary>
    public ulong RecordLsn { get; } = recordLsn;

    /// <summary>Position of the first payload block.</summary>
    public ulong PayloadLsn { get; } = payloadLsn;

    /// <summary>The position behind the record.</summary>
    public LogPosition End { get; } = end;

    /// <summary>The ranges, in the order in which they were written.</summary>
    public ReadOnlySpan<LogExtent> Extents { get; } = extents;

    /// <summary>CRC32C of each payload block.</summary>
    public ReadOnlySpan<uint> BlockCrcs { get; } = blockCrcs;
}

/// <summary>Receives the records of a replay in their order, on one thread. What it throws ends the open.</summary>
internal delegate void LogReplayVisitor(LogRecord record);

namespace Lunaria.Volumes.Log;

/// <summary>
/// A boundary between two records of the log, and all that is needed to continue reading there: <paramref name="Lsn"/> is where the next
/// record starts, <paramref name="ChainCrc"/> the header CRC32C of the record before it (0 before the first). A publish persists it.
/// </summary>
internal readonly record struct LogPosition(ulong Lsn, uint ChainCrc)
{
    /// <summary>The start of a log nobody has written to.</summary>
    public static LogPosition Start => default;
}

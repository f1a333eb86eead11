using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Diagnostics;

/// <summary>Every message of the engine. Nothing here is written per I/O that succeeds. Event ids are never given again.</summary>
internal static partial class VolumesLog
{
    [LoggerMessage(200, LogLevel.Error, "Volume {Volume}: the map of block {Block} cannot be read from map.db; reads of it fail")]
    public static partial void MapLeafUnreadable(ILogger logger, string volume, ulong block, Exception cause);

    [LoggerMessage(201, LogLevel.Error, "Volume {Volume}: block {Block} cannot be read from the write log at {Lsn}")]
    public static partial void LogUnreadable(ILogger logger, string volume, ulong block, ulong lsn, Exception cause);

    [LoggerMessage(202, LogLevel.Error, "Volume {Volume}: block {Block} is damaged in the write log at {Lsn}: its checksum is wrong")]
    public static partial void LogBlockDamaged(ILogger logger, string volume, ulong block, ulong lsn);

    [LoggerMessage(203, LogLevel.Warning, "Volume {Volume}: block {Block} cannot be read now; the host is told to try again")]
    public static partial void SegmentUnavailable(ILogger logger, string volume, ulong block, Exception cause);

    [LoggerMessage(204, LogLevel.Error, "Volume {Volume}: block {Block} is damaged or lost in the object store")]
    public static partial void SegmentUnreadable(ILogger logger, string volume, ulong block, Exception cause);

    [LoggerMessage(210, LogLevel.Warning, "The object store failed to take segment {Key} (failure {Attempt}); it is tried again")]
    public static partial void PutFailed(ILogger logger, string key, int attempt, Exception cause);

    [LoggerMessage(211, LogLevel.Error, "The object store has no space for segments; writes go on until the log is full. Add space or unmap")]
    public static partial void StoreOutOfSpace(ILogger logger, Exception? cause);

    [LoggerMessage(212, LogLevel.Error, "The object store refuses segments; writes go on until the log is full")]
    public static partial void StoreRefuses(ILogger logger, Exception cause);

    [LoggerMessage(213, LogLevel.Information, "The object store takes segments again")]
    public static partial void StoreRecovered(ILogger logger);

    [LoggerMessage(214, LogLevel.Critical, "Destaging has stopped: {Cause}. Reads go on, writes until the log is full; start the appliance again")]
    public static partial void DestagingStopped(ILogger logger, string cause, Exception exception);

    [LoggerMessage(215, LogLevel.Warning, "Segment {Key} has no live blocks but could not be deleted; it is tried again after the next checkpoint")]
    public static partial void DeleteFailed(ILogger logger, string key, Exception cause);

    [LoggerMessage(216, LogLevel.Information, "{Orphans} segments that an earlier life put and never published were deleted")]
    public static partial void OrphansDeleted(ILogger logger, int orphans);

    [LoggerMessage(220, LogLevel.Information, "Engine open: {Volumes} volumes, {Publishes} publishes and {LogBytes} bytes of log replayed in {ElapsedMs} ms")]
    public static partial void Opened(ILogger logger, int volumes, int publishes, ulong logBytes, long elapsedMs);

    [LoggerMessage(221, LogLevel.Information, "Engine closed; {LogBytes} bytes of log are destaged after the next start")]
    public static partial void Closed(ILogger logger, ulong logBytes);

    [LoggerMessage(222, LogLevel.Critical, "Volume {Volume} refuses all I/O: {Cause}")]
    public static partial void VolumeFaulted(ILogger logger, string volume, string cause, Exception exception);
}

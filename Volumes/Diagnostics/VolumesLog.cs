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

    [LoggerMessage(230, LogLevel.Warning, "The object store was taken over from appliance {Former}, epoch {Epoch}; waiting {Seconds} s until that one has noticed")]
    public static partial void StoreTakenOver(ILogger logger, Guid former, ulong epoch, int seconds);

    [LoggerMessage(231, LogLevel.Warning, "The object store cannot be claimed yet; it is tried again. {Cause}")]
    public static partial void ClaimDelayed(ILogger logger, string cause);

    [LoggerMessage(232, LogLevel.Warning, "This process was not awake for a while; hosts are told to try again until the object store has shown that it is still owned")]
    public static partial void OwnershipInDoubt(ILogger logger);

    [LoggerMessage(233, LogLevel.Critical, "{Reason}")]
    public static partial void StoreLost(ILogger logger, string reason);

    [LoggerMessage(234, LogLevel.Warning, "Volume {Volume}: the former owner stored {Segments} segments from sequence {Next} on that this data directory does not know. They are kept, but their writes are not in the volume")]
    public static partial void SegmentsAhead(ILogger logger, Guid volume, ulong segments, ulong next);

    [LoggerMessage(240, LogLevel.Warning, "Garbage collection could not finish a round; it is tried again")]
    public static partial void CollectionFailed(ILogger logger, Exception cause);

    [LoggerMessage(241, LogLevel.Error, "Garbage collection leaves segment {Key} as it is, because it is damaged")]
    public static partial void CollectionMetDamage(ILogger logger, string key, Exception cause);

    [LoggerMessage(250, LogLevel.Critical, "Volume {Volume} goes into quarantine: {Cause} Others go on. Recover it: lunaria volume recover")]
    public static partial void Quarantined(ILogger logger, string volume, string cause, Exception exception);

    [LoggerMessage(251, LogLevel.Error, "What was seen of volume {Volume} could not be kept in the folder quarantine")]
    public static partial void NoEvidence(ILogger logger, string volume, Exception cause);

    [LoggerMessage(252, LogLevel.Error, "What nothing shows any more of line {Line} cannot be given back, because the map is damaged; check it: lunaria fsck")]
    public static partial void PruneMetDamage(ILogger logger, uint line, Exception cause);

    [LoggerMessage(253, LogLevel.Error, "Garbage collection leaves {Segments} segments as they are, because the map that names them is damaged")]
    public static partial void CollectionMetDamagedMap(ILogger logger, int segments, Exception cause);

    [LoggerMessage(254, LogLevel.Error, "Background verification has found object {Key} damaged: {Cause}")]
    public static partial void VerificationFound(ILogger logger, string key, string cause);

    [LoggerMessage(255, LogLevel.Error, "Background verification has ended until the next start")]
    public static partial void VerificationEnded(ILogger logger, Exception cause);

    [LoggerMessage(260, LogLevel.Warning, "The catalog could not be saved to the object store; it is tried again. I/O goes on, but no segment is deleted meanwhile")]
    public static partial void CatalogFails(ILogger logger, Exception cause);

    [LoggerMessage(261, LogLevel.Information, "The catalog is saved to the object store again")]
    public static partial void CatalogSavedAgain(ILogger logger);

    [LoggerMessage(262, LogLevel.Warning, "The catalog was not saved before the end: {Cause} The next start does")]
    public static partial void CatalogNotSaved(ILogger logger, string cause);

    [LoggerMessage(263, LogLevel.Error, "The object store is full, so its catalog was given up to let segments be deleted. Until it is saved again nothing can be rebuilt from the store alone")]
    public static partial void CatalogGivenUp(ILogger logger);

    [LoggerMessage(264, LogLevel.Warning, "{Files} rebuilt from the object store's catalog, because {Cause} It shows {Time:u}, log position {Lsn}; what the journal and the log have since is applied to it")]
    public static partial void Rebuilt(ILogger logger, string files, string cause, DateTimeOffset time, ulong lsn);

    [LoggerMessage(220, LogLevel.Information, "Engine open: {Volumes} volumes, {Publishes} publishes and {LogBytes} bytes of log replayed in {ElapsedMs} ms")]
    public static partial void Opened(ILogger logger, int volumes, int publishes, ulong logBytes, long elapsedMs);

    [LoggerMessage(221, LogLevel.Information, "Engine closed; {LogBytes} bytes of log are destaged after the next start")]
    public static partial void Closed(ILogger logger, ulong logBytes);

    [LoggerMessage(270, LogLevel.Information, "Volume {Volume} was erased: its former key is thrown away")]
    public static partial void Erased(ILogger logger, string volume);

    [LoggerMessage(271, LogLevel.Warning, "The erase of volume {Volume} that an earlier start of the appliance began cannot be ended yet; it is tried again each minute. {Cause}")]
    public static partial void EraseUnfinished(ILogger logger, string volume, string cause);

    [LoggerMessage(280, LogLevel.Warning, "The cache device {Path} cannot be used; reads go to the store instead")]
    public static partial void CacheDeviceUnusable(ILogger logger, string path, Exception cause);

    [LoggerMessage(281, LogLevel.Error, "The cache device {Path} failed and is not used any more; reads go to the store instead. Remove it, or replace it and start again")]
    public static partial void CacheDeviceFailed(ILogger logger, string path, Exception cause);
}

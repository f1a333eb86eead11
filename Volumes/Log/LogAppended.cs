namespace Lunaria.Volumes.Log;

/// <summary>
/// Where an append landed. <paramref name="RecordLsn"/>: its header, the LSN of its trims and zeros; <paramref name="PayloadLsn"/>: its first
/// payload block, the others follow without gaps; <paramref name="End"/>: the position behind it.
/// </summary>
internal readonly record struct LogAppended(ulong RecordLsn, ulong PayloadLsn, LogPosition End);

namespace Lunaria.Volumes.Map;

/// <summary>
/// Why a line is in quarantine: its map is not changed and not read any more. Publishes from <paramref name="JournalSequence"/> on are kept in the journal until it is recovered.
/// </summary>
internal sealed record LineFault(string Cause, ulong JournalSequence, DateTimeOffset Since);

using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Metadata;

/// <summary>
/// What map.db's content corresponds to. <paramref name="JournalSequence"/>: the first frame of the map journal it does not contain;
/// <paramref name="Published"/>: the log position up to which everything is in segments.
/// </summary>
internal readonly record struct MapCheckpoint(ulong JournalSequence, LogPosition Published);

using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Journal;

/// <summary>
/// "Everything below <paramref name="Published"/> of all volumes is in segments": the segments that are new since the publish before, and the trims
/// of the cut. To apply: per volume the trims, then the segments in their order. <paramref name="Sequence"/>: the frame's number, given by
/// <see cref="MapJournal.AppendAsync"/> (0 before).
/// </summary>
internal sealed record PublishFrame(
    LogPosition Published, IReadOnlyList<PublishedSegment> Segments, IReadOnlyList<PublishedTrim> Trims, ulong Sequence = 0);

/// <summary>A new segment: its number in the table, its volume's number, and its header.</summary>
internal sealed record PublishedSegment(SegmentId Id, uint Volume, SegmentHeader Header);

/// <summary>Blocks of a volume that became holes.</summary>
internal readonly record struct PublishedTrim(uint Volume, BlockRange Range);

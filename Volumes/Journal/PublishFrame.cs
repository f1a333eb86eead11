using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Journal;

/// <summary>
/// "Everything below <paramref name="Published"/> of all lines is in segments": the segments that are new since the publish before, the trims and the ends of
/// generations of the cut. To apply, per line and generation: the trims, then the segments in their order; and the markers last. <paramref name="Sequence"/>: the
/// frame's number, given by <see cref="MapJournal.AppendAsync"/> (0 before).
/// </summary>
internal sealed record PublishFrame(
    LogPosition Published, IReadOnlyList<PublishedSegment> Segments, IReadOnlyList<PublishedTrim> Trims, ulong Sequence = 0)
{
    /// <summary>Lines that a snapshot was taken of within the cut.</summary>
    public IReadOnlyList<PublishedMarker> Markers { get; init; } = [];
}

/// <summary>A new segment: its number in the table, its line's number, and its header.</summary>
internal sealed record PublishedSegment(SegmentId Id, uint Volume, SegmentHeader Header);

/// <summary>Blocks of a line that became holes in a generation.</summary>
internal readonly record struct PublishedTrim(uint Volume, BlockRange Range, uint Generation = 0);

/// <summary>What follows in a line belongs to this generation.</summary>
internal readonly record struct PublishedMarker(uint Volume, uint Generation);

using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Journal;

/// <summary>
/// "Everything below <paramref name="Published"/> of all lines is in segments": the segments that are new since the publish before, the trims, the shared ranges and
/// the ends of generations of the cut. To apply, per line and generation: the trims, the shares, then the segments in their order; and the markers last. <paramref name="Sequence"/>: the
/// frame's number, given by <see cref="MapJournal.AppendAsync"/> (0 before).
/// </summary>
internal sealed record PublishFrame(
    LogPosition Published, IReadOnlyList<PublishedSegment> Segments, IReadOnlyList<PublishedTrim> Trims, ulong Sequence = 0)
{
    /// <summary>Lines that a snapshot was taken of within the cut.</summary>
    public IReadOnlyList<PublishedMarker> Markers { get; init; } = [];

    /// <summary>Ranges that became blocks of segments that there were already.</summary>
    public IReadOnlyList<PublishedShare> Shares { get; init; } = [];
}

/// <summary>
/// A new segment: its number in the table, its line's number, and its header. One of copies changes no map: rows come to name it in a checkpoint, and shares in later publishes may.
/// </summary>
internal sealed record PublishedSegment(SegmentId Id, uint Volume, SegmentHeader Header);

/// <summary>Blocks of a line that became holes in a generation.</summary>
internal readonly record struct PublishedTrim(uint Volume, BlockRange Range, uint Generation = 0);

/// <summary>Blocks of a line that became those of a segment from a place on, in a generation.</summary>
internal readonly record struct PublishedShare(uint Volume, BlockRange Range, uint Generation, SegmentPlace Place);

/// <summary>What follows in a line belongs to this generation.</summary>
internal readonly record struct PublishedMarker(uint Volume, uint Generation);

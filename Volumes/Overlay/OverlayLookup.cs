using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Overlay;

/// <summary>What the overlay knows of a block.</summary>
internal enum OverlayKind : byte
{
    /// <summary>Nothing: ask the map.</summary>
    NotHere,
    /// <summary>It reads as zeros.</summary>
    Hole,
    /// <summary>Its content is in the log.</summary>
    Log,
    /// <summary>It is a block of a segment, shared with whoever it was cloned from.</summary>
    Segment,
}

/// <summary>
/// Answer for one block: <paramref name="Lsn"/> (of the block for Log, of the record for Hole and Segment), <paramref name="Crc"/> (Log only) and
/// <paramref name="Place"/> (Segment only).
/// </summary>
internal readonly record struct OverlayLookup(OverlayKind Kind, ulong Lsn, uint Crc, SegmentPlace Place = default);

/// <summary>
/// Answer for a run of <paramref name="LengthBlocks"/> blocks (at least 1): NotHere or Hole for all of them, Log at <paramref name="Lsn"/> and the
/// positions that follow it without gaps, or Segment from <paramref name="Place"/> on.
/// </summary>
internal readonly record struct OverlayRun(OverlayKind Kind, int LengthBlocks, ulong Lsn, SegmentPlace Place = default);

/// <summary>A block whose content is in the log.</summary>
internal readonly record struct OverlayEntry(ulong Block, ulong Lsn, uint Crc);

/// <summary>
/// A range that is a hole, or blocks of a segment, since the record at <paramref name="Lsn"/>, except where an entry lies over it.
/// </summary>
internal readonly record struct OverlayRange(ulong StartBlock, ulong LengthBlocks, ulong Lsn, SegmentPlace Place);

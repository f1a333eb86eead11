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
}

/// <summary>Answer for one block: <paramref name="Lsn"/> (of the block for Log, of the trim for Hole) and <paramref name="Crc"/> (Log only).</summary>
internal readonly record struct OverlayLookup(OverlayKind Kind, ulong Lsn, uint Crc);

/// <summary>
/// Answer for a run of <paramref name="LengthBlocks"/> blocks (at least 1): NotHere or Hole for all of them, or Log at <paramref name="Lsn"/> and the
/// positions that follow it without gaps.
/// </summary>
internal readonly record struct OverlayRun(OverlayKind Kind, int LengthBlocks, ulong Lsn);

/// <summary>A block whose content is in the log.</summary>
internal readonly record struct OverlayEntry(ulong Block, ulong Lsn, uint Crc);

/// <summary>A range that reads as zeros since the record at <paramref name="Lsn"/>, except where an entry lies over it.</summary>
internal readonly record struct OverlayTrim(ulong StartBlock, ulong LengthBlocks, ulong Lsn);

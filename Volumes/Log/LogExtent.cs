namespace Lunaria.Volumes.Log;

/// <summary>What a record says about a range of blocks.</summary>
internal enum LogExtentKind : byte
{
    /// <summary>The blocks have new content; it follows in the record's payload, extents in their order.</summary>
    Data = 1,
    /// <summary>The host wrote zeros; no payload.</summary>
    Zero = 2,
    /// <summary>The host gave the blocks back; they read as zeros; no payload.</summary>
    Trim = 3,
    /// <summary>A point in the order of writes of the volume; <see cref="LogExtent.StartBlock"/> is its value, no blocks, no payload.</summary>
    Marker = 4,
    /// <summary>The blocks are those of a segment; the next extent, a <see cref="ShareSource"/>, says which; no payload.</summary>
    Share = 5,
    /// <summary>
    /// Of the <see cref="Share"/> before it: the line and the sequence (<see cref="LogExtent.StartBlock"/>) of the segment, and the index of the first block in it
    /// (<see cref="LogExtent.LengthBlocks"/>).
    /// </summary>
    ShareSource = 6,
}

/// <summary>
/// One range of one volume in a record. <paramref name="Volume"/>: the volume's number; lengths and starts are blocks of 4 KiB.
/// </summary>
internal readonly record struct LogExtent(uint Volume, LogExtentKind Kind, ulong StartBlock, ulong LengthBlocks);

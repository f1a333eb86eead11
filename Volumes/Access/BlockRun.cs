using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Access;

/// <summary>Where the content of a block is.</summary>
internal enum BlockPlace : byte
{
    /// <summary>Nowhere: it reads as zeros.</summary>
    Hole,
    /// <summary>In the write log.</summary>
    Log,
    /// <summary>In a segment.</summary>
    Segment,
}

/// <summary>
/// Consecutive blocks of a volume whose content is in consecutive places. <paramref name="Lsn"/>: of the first block for Log, of the trim for a hole that
/// only the log knows. <paramref name="Segment"/>, <paramref name="FirstIndex"/>: for Segment. Two equal runs have the same content for ever.
/// </summary>
internal readonly record struct BlockRun(BlockPlace Place, int LengthBlocks, ulong Lsn, SegmentId Segment, int FirstIndex)
{
    /// <summary>The run without its first blocks.</summary>
    public BlockRun Skip(int blocks) => this with
    {
        LengthBlocks = LengthBlocks - blocks,
        Lsn = Place == BlockPlace.Log ? Lsn + ((ulong)blocks << BlockGeometry.BlockShift) : Lsn,
        FirstIndex = FirstIndex + blocks,
    };
}

namespace Lunaria.Volumes.Segments;

/// <summary>A range of blocks of one volume; at least one block.</summary>
internal readonly record struct BlockRange(ulong StartBlock, ulong LengthBlocks)
{
    /// <summary>The block behind the range.</summary>
    public ulong EndBlock => StartBlock + LengthBlocks;
}

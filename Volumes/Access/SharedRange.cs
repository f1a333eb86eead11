using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Access;

/// <summary>Blocks of a volume that are made those of a segment from a place on, or a hole.</summary>
internal readonly record struct SharedRange(ulong StartBlock, ulong LengthBlocks, SegmentPlace Place)
{
    /// <summary>The block behind it.</summary>
    public ulong EndBlock => StartBlock + LengthBlocks;

    /// <summary>True where a place is the one that follows the range.</summary>
    public bool GoesOnAt(SegmentPlace place) => Place.Skip(LengthBlocks) == place;
}

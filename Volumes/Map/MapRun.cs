using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Consecutive blocks of a volume that are a hole, or consecutive blocks of one segment from <paramref name="FirstIndex"/> on.
/// </summary>
internal readonly record struct MapRun(SegmentId Segment, int FirstIndex, int LengthBlocks)
{
    /// <summary>True where the blocks read as zeros.</summary>
    public bool IsHole => Segment.IsNone;
}

namespace Lunaria.Volumes.Segments;

/// <summary>A block of a segment, which those behind it follow; the default is a hole, whose followers are holes, too.</summary>
internal readonly record struct SegmentPlace(SegmentId Segment, int FirstIndex)
{
    /// <summary>True for a hole.</summary>
    public bool IsHole => Segment.IsNone;

    /// <summary>The place so many blocks further on.</summary>
    public SegmentPlace Skip(ulong blocks) => IsHole ? this : this with { FirstIndex = FirstIndex + (int)blocks };
}

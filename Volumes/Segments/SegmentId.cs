namespace Lunaria.Volumes.Segments;

/// <summary>
/// The dense number of a segment in the pool's segment table, as map entries hold it; given out in order and never again. 0 = none (a hole).
/// It is known to the map alone: objects carry volume and sequence instead.
/// </summary>
internal readonly record struct SegmentId(uint Value)
{
    /// <summary>No segment: a hole.</summary>
    public static SegmentId None => default;

    /// <summary>True for a hole.</summary>
    public bool IsNone => Value == 0;
}

namespace Lunaria.Volumes.Segments;

/// <summary>
/// Stored bytes of a segment are damaged: a checksum is wrong or the header is not one. For a read this is a MEDIUM ERROR of the blocks it names.
/// </summary>
internal sealed class SegmentCorruptException(SegmentId segment, string key, int blockIndex, string message) : IOException(message)
{
    /// <summary>The segment.</summary>
    public SegmentId Segment { get; } = segment;

    /// <summary>Its name in the object store.</summary>
    public string Key { get; } = key;

    /// <summary>The damaged block's index in the segment; -1 = the header.</summary>
    public int BlockIndex { get; } = blockIndex;
}

#pragma warning disable CA1822
namespace Lunaria.Volumes.Segments;

/// <summary>
/// All segments of the pool: whose they are, where they are, how many of their blocks the map names. Owned by the map store. Changed by the one map
/// writer; read by any thread. Counts are exact between two publishes.
/// </summary>
internal sealed class SegmentTable
{
    /// <summary>The id the next published segment gets. Ids are given by the destager in the order of publishing.</summary>
    public SegmentId NextId => throw null!;

    /// <summary>Bytes of all segments in the table, headers included.</summary>
    public long StoredBytes => throw null!;

    /// <summary>Blocks the maps name, of all volumes.</summary>
    public long MappedBlocks => throw null!;

    /// <summary>Number of segments in the table.</summary>
    public int Count => throw null!;

    /// <summary>One segment's row; false where there is none (never was, or deleted).</summary>
    public bool TryGet(SegmentId id, out SegmentRow row) => throw null!;

    /// <summary>Bytes of the volume's segments, headers included.</summary>
    public long VolumeStoredBytes(uint volume) => throw null!;

    /// <summary>The sequence the volume's next segment gets: above every one the table ever held.</summary>
    public ulong NextSequence(uint volume) => throw null!;

    /// <summary>
    /// Adds the segments whose live count is 0 to a list. Called by the map writer between publishes; they may be deleted from the store once the next
    /// checkpoint is committed.
    /// </summary>
    public void CopyDead(List<SegmentId> destination) => throw null!;

    /// <summary>Forgets a segment whose object is deleted; the row goes with the next checkpoint.</summary>
    public void Remove(SegmentId id) => throw null!;
}

/// <summary>A segment in the table. <paramref name="LiveBlocks"/> of <paramref name="BlockCount"/> blocks are named by the map.</summary>
internal readonly record struct SegmentRow(uint Volume, ulong Sequence, int HeaderBytes, int BlockCount, int LiveBlocks)
{
    /// <summary>Bytes of the object.</summary>
    public int ObjectBytes => HeaderBytes + BlockCount * SegmentHeader.BlockBytes;
}

namespace Lunaria.Volumes.Segments;

/// <summary>What reading a segment needs: its key, where its blocks start, and their checksums. Immutable but for the use mark; any thread.</summary>
internal sealed class SegmentDirectory(SegmentId segment, Guid volume, ulong sequence, int headerBytes, uint[] blockCrcs)
{
    // The objects, the dictionary entry and the place in the queue, measured generously.
    private const int OverheadBytes = 320;

    /// <summary>The segment.</summary>
    public SegmentId Segment { get; } = segment;

    /// <summary>The line that it belongs to.</summary>
    public Guid Volume { get; } = volume;

    /// <summary>Its number in that line.</summary>
    public ulong Sequence { get; } = sequence;

    /// <summary>Its name in the object store.</summary>
    public string Key { get; } = SegmentKey.Format(volume, sequence);

    /// <summary>Where block 0 is in the object.</summary>
    public int HeaderBytes { get; } = headerBytes;

    /// <summary>CRC32C of each block.</summary>
    public uint[] BlockCrcs { get; } = blockCrcs;

    /// <summary>What keeping it costs, in bytes.</summary>
    public int MemoryBytes => OverheadBytes + 2 * Key.Length + sizeof(uint) * BlockCrcs.Length;

    /// <summary>Set when it is used, cleared when the cache looks for room: a second chance.</summary>
    public bool Used { get; set; }
}

namespace Lunaria.Backends.Pool.Format;

/// <summary>
/// Where things lie on a component: label, table copy, data chunks, table copy, label. Pure arithmetic; all offsets in bytes.
/// A layout is made once, when the component is, and from then on read from its label.
/// </summary>
internal readonly record struct ComponentLayout(
    long SizeBytes, int ChunkBytes, int ChunkCount, long RecordCapacity, long FrontTableOffset, long DataOffset, long BackTableOffset)
{
    /// <summary>Slots of a chunk: one bit of a 64-bit word each.</summary>
    public const int SlotsPerChunk = 64;

    /// <summary>Room for a label at either end.</summary>
    public const int LabelAreaBytes = 64 * 1024;

    /// <summary>The least unit of length and of table placement.</summary>
    public const int PageBytes = 4096;

    /// <summary>Chunk sizes from which a pool may choose: powers of two in this range.</summary>
    public const int MinChunkBytes = 64 * 1024, MaxChunkBytes = 128 * 1024 * 1024;

    /// <summary>Fewer chunks than this make no useful component.</summary>
    public const int MinChunkCount = 4;

    /// <summary>The least unit of allocation.</summary>
    public int SlotBytes => ChunkBytes / SlotsPerChunk;

    /// <summary>All its slots.</summary>
    public long SlotCount => (long)ChunkCount * SlotsPerChunk;

    /// <summary>Bytes that objects can use.</summary>
    public long DataBytes => (long)ChunkCount * ChunkBytes;

    /// <summary>Where the second label lies.</summary>
    public long BackLabelOffset => SizeBytes - LabelAreaBytes;

    /// <summary>Lays a component out; one table record for each slot, so that records never run out before space does.</summary>
    /// <param name="sizeBytes">The whole size; what is left over a page is not used.</param>
    /// <param name="chunkBytes">A power of two.</param>
    public static ComponentLayout Create(long sizeBytes, int chunkBytes)
    {
        sizeBytes = sizeBytes / PageBytes * PageBytes;
        long tableBytesPerChunk = (long)SlotsPerChunk * TableRecord.Bytes;
        long alignment = Math.Max(PageBytes, chunkBytes / SlotsPerChunk);
        long usable = sizeBytes - 2L * LabelAreaBytes - alignment;
        long chunkCount = Math.Clamp(usable / (chunkBytes + 2 * tableBytesPerChunk), 0, int.MaxValue);
        long tableBytes = chunkCount * tableBytesPerChunk;
        long dataOffset = (LabelAreaBytes + tableBytes + alignment - 1) / alignment * alignment;
        return new ComponentLayout(sizeBytes, chunkBytes, (int)chunkCount, chunkCount * SlotsPerChunk, LabelAreaBytes, dataOffset,
            dataOffset + chunkCount * chunkBytes);
    }

    /// <summary>The smallest component of <see cref="MinChunkCount"/> chunks.</summary>
    public static long MinSizeBytes(int chunkBytes) =>
        2L * LabelAreaBytes + 2 * Math.Max(PageBytes, chunkBytes / SlotsPerChunk)
        + MinChunkCount * (chunkBytes + 2L * SlotsPerChunk * TableRecord.Bytes);

    /// <summary>True where the parts lie in order, do not overlap and end inside the component: what a label must fulfil.</summary>
    public bool IsSound() =>
        ChunkBytes is >= MinChunkBytes and <= MaxChunkBytes && int.IsPow2(ChunkBytes)
        && ChunkCount >= 1 && RecordCapacity is >= 1 and <= 1L << 40
        && FrontTableOffset >= LabelAreaBytes
        && DataOffset >= FrontTableOffset + RecordCapacity * TableRecord.Bytes
        && BackTableOffset >= DataOffset + DataBytes
        && SizeBytes - LabelAreaBytes >= BackTableOffset + RecordCapacity * TableRecord.Bytes;

    /// <summary>Where a slot begins.</summary>
    public long SlotOffset(int chunk, int slot) => DataOffset + (long)chunk * ChunkBytes + (long)slot * SlotBytes;

    /// <summary>Slots that an object of this length takes; an empty one takes one.</summary>
    public int SlotsFor(int lengthBytes) => Math.Max(1, (lengthBytes + SlotBytes - 1) / SlotBytes);
}

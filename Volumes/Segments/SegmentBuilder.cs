namespace Lunaria.Volumes.Segments;

/// <summary>
/// Packs blocks of one volume into a segment object, in place in one buffer that is reused. Owned by one destage worker; not thread-safe.
/// Use: <see cref="Reset"/>, <see cref="TryAddTrim"/> and <see cref="TryAddBlock"/> until one is false, <see cref="Seal"/>, put, again.
/// </summary>
internal sealed class SegmentBuilder
{
    private readonly int maxObjectBytes;

    // The header's length is known last, so blocks start behind the longest header there can be, and the header ends where they start.
    private readonly int dataOffset;
    private readonly byte[] buffer;
    private readonly List<BlockRange> extents = [];
    private readonly List<BlockRange> trims = [];
    private readonly List<uint> crcs = [];
    private bool withOrigins;
    private int mostObjectBytes;

    /// <summary>Takes a buffer for objects of at most <paramref name="maxObjectBytes"/>, header included; at least 8 KiB.</summary>
    public SegmentBuilder(int maxObjectBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxObjectBytes, 2 * SegmentHeader.BlockBytes);
        mostObjectBytes = this.maxObjectBytes = maxObjectBytes & -SegmentHeader.BlockBytes;
        int maxBlocks = Math.Min(this.maxObjectBytes / SegmentHeader.BlockBytes - 1, SegmentHeader.MaxBlocks);
        int maxTrims = Math.Min(this.maxObjectBytes, 1 << 20) / 64;
        dataOffset = Math.Min(SegmentCodec.MeasureHeader(maxBlocks, maxTrims, maxBlocks), this.maxObjectBytes);
        buffer = GC.AllocateUninitializedArray<byte>(dataOffset + maxBlocks * SegmentHeader.BlockBytes, pinned: true);
    }

    /// <summary>Blocks added since the last reset.</summary>
    public int BlockCount => crcs.Count;

    /// <summary>True while nothing was added.</summary>
    public bool IsEmpty => crcs.Count == 0 && trims.Count == 0;

    /// <summary>
    /// Starts the next segment, of at most <paramref name="objectBytes"/>, but 8 KiB (without it, of what the buffer holds); the memory <see cref="Seal"/> gave is overwritten.
    /// </summary>
    public void Reset(bool withOrigins = false, int objectBytes = int.MaxValue)
    {
        this.withOrigins = withOrigins;
        mostObjectBytes = Math.Clamp(objectBytes, 2 * SegmentHeader.BlockBytes, maxObjectBytes);
        extents.Clear();
        trims.Clear();
        crcs.Clear();
    }

    /// <summary>Adds a trim; trims ascend and are disjoint. False = full.</summary>
    public bool TryAddTrim(BlockRange trim)
    {
        if (trim.LengthBlocks == 0 || (trims.Count > 0 && trim.StartBlock < trims[^1].EndBlock))
            throw new ArgumentException("Trims of a segment ascend, are disjoint and not empty.", nameof(trim));
        if (!Fits(extents.Count, trims.Count + 1, crcs.Count))
            return false;
        trims.Add(trim);
        return true;
    }

    /// <summary>
    /// Adds a block (numbers ascend) whose content the caller now puts into <paramref name="page"/> (4096 bytes, valid until the next reset). The
    /// checksum is the one the log record carries, so that it covers the block from the host's write to its last read: a page that does not match
    /// it is stored as damaged, never as good. False = full.
    /// </summary>
    public bool TryAddBlock(ulong block, uint crc, out Memory<byte> page)
    {
        bool adjacent = extents.Count > 0 && block == extents[^1].EndBlock;
        if (!adjacent && extents.Count > 0 && block < extents[^1].EndBlock)
            throw new ArgumentException("Blocks of a segment ascend.", nameof(block));
        if (crcs.Count == SegmentHeader.MaxBlocks || !Fits(extents.Count + (adjacent ? 0 : 1), trims.Count, crcs.Count + 1))
        {
            page = default;
            return false;
        }
        if (adjacent)
            extents[^1] = extents[^1] with { LengthBlocks = extents[^1].LengthBlocks + 1 };
        else
            extents.Add(new(block, 1));
        page = buffer.AsMemory(dataOffset + crcs.Count * SegmentHeader.BlockBytes, SegmentHeader.BlockBytes);
        crcs.Add(crc);
        return true;
    }

    /// <summary>
    /// Writes the header and gives the whole object; valid until the next reset. <paramref name="header"/> is its decoded form, for the publish and for
    /// <see cref="SegmentStore.AddDirectory"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Seal(
        Guid poolId, Guid volumeUuid, ulong sequence, ulong firstLsn, ulong endLsn, out SegmentHeader header, uint generation = 0)
    {
        header = new SegmentHeader
        {
            PoolId = poolId,
            VolumeUuid = volumeUuid,
            Sequence = sequence,
            Kind = SegmentKind.Data,
            FirstLsn = firstLsn,
            EndLsn = endLsn,
            Extents = [.. extents],
            Trims = [.. trims],
            BlockCrcs = [.. crcs],
            Generation = generation,
        };
        return Finish(header);
    }

    /// <summary>As <see cref="Seal"/>, of blocks that were copied: each from an index of a segment.</summary>
    public ReadOnlyMemory<byte> SealCopy(
        Guid poolId, Guid volumeUuid, ulong sequence, IReadOnlyList<(SegmentHeader Segment, int Index)> sources, out SegmentHeader header)
    {
        header = new SegmentHeader
        {
            PoolId = poolId,
            VolumeUuid = volumeUuid,
            Sequence = sequence,
            Kind = SegmentKind.Copy,
            FirstLsn = sources.Min(source => source.Segment.FirstLsn),
            EndLsn = sources.Max(source => source.Segment.EndLsn),
            Extents = [.. extents],
            Trims = [],
            BlockCrcs = [.. crcs],
            Generation = sources.Max(source => source.Segment.Generation),
            Origins = [.. sources.Select(source => source.Segment.Kind == SegmentKind.Copy
                ? source.Segment.Origins[source.Index] : new BlockOrigin(source.Segment.Sequence, source.Segment.Generation))],
        };
        return Finish(header);
    }

    private ReadOnlyMemory<byte> Finish(SegmentHeader header)
    {
        int headerBytes = header.HeaderBytes;
        Memory<byte> content = buffer.AsMemory(dataOffset - headerBytes, header.ObjectBytes);
        SegmentCodec.Write(header, content.Span[..headerBytes]);
        return content;
    }

    private bool Fits(int extentCount, int trimCount, int blockCount)
    {
        int headerBytes = SegmentCodec.MeasureHeader(extentCount, trimCount, blockCount, withOrigins ? blockCount : 0);
        return headerBytes <= dataOffset && headerBytes + (long)blockCount * SegmentHeader.BlockBytes <= mostObjectBytes;
    }
}

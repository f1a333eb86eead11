namespace Lunaria.Volumes.Access;

/// <summary>
/// A write that begins or ends inside a block: its partial blocks, merged with what was there, around the whole ones. Made for one command, used by
/// whoever runs it.
/// </summary>
internal sealed class MergedWrite
{
    private readonly List<Edge> _edges = new(2);
    private readonly ReadOnlyMemory<byte>[] _sources;

    /// <param name="offsetBytes">Offset in the volume, not a multiple of 4096 together with the length.</param>
    /// <param name="source">What is written; must stay unchanged.</param>
    public MergedWrite(long offsetBytes, ReadOnlyMemory<byte> source)
    {
        StartBlock = (ulong)offsetBytes >> BlockGeometry.BlockShift;
        List<ReadOnlyMemory<byte>> sources = new(3);
        int within = (int)(offsetBytes & (BlockGeometry.BlockBytes - 1));
        int head = within == 0 && source.Length >= BlockGeometry.BlockBytes ? 0 : Math.Min(BlockGeometry.BlockBytes - within, source.Length);
        if (head > 0)
            sources.Add(AddEdge(StartBlock, within, source[..head]));
        int whole = (source.Length - head) & -BlockGeometry.BlockBytes;
        if (whole > 0)
            sources.Add(source.Slice(head, whole));
        if (head + whole < source.Length)
            sources.Add(AddEdge((ulong)(offsetBytes + head + whole) >> BlockGeometry.BlockShift, 0, source[(head + whole)..]));
        _sources = [.. sources];
    }

    /// <summary>The first block.</summary>
    public ulong StartBlock { get; }

    /// <summary>Whole blocks, one after the other; right once <see cref="ReadOldAsync"/> said Ok.</summary>
    public ReadOnlySpan<ReadOnlyMemory<byte>> Sources => _sources;

    /// <summary>Reads the partial blocks and merges what is written into them. Null = one moved meanwhile; again.</summary>
    public async ValueTask<VolumeStatus?> ReadOldAsync(BlockReader reader)
    {
        foreach (Edge edge in _edges)
        {
            (VolumeStatus status, _) = await reader.ResolveAsync(edge.Block, 1, edge.Runs, edge.Crcs);
            VolumeStatus? outcome = status == VolumeStatus.Ok ? await reader.ReadRunAsync(edge.Block, edge.Runs[0], edge.Crcs, edge.Content) : status;
            if (outcome != VolumeStatus.Ok)
                return outcome;
            edge.Source.Span.CopyTo(edge.Content.AsSpan(edge.Within));
        }
        return VolumeStatus.Ok;
    }

    /// <summary>True where the partial blocks still are where they were read. Called under the volume's writeLock.</summary>
    public bool IsUnmoved(VolumeIndex index)
    {
        foreach (Edge edge in _edges)
            if (!index.IsAt(edge.Block, edge.Runs[0]))
                return false;
        return true;
    }

    private byte[] AddEdge(ulong block, int within, ReadOnlyMemory<byte> source)
    {
        Edge edge = new(block, within, source);
        _edges.Add(edge);
        return edge.Content;
    }

    private sealed record Edge(ulong Block, int Within, ReadOnlyMemory<byte> Source)
    {
        public BlockRun[] Runs { get; } = new BlockRun[1];
        public uint[] Crcs { get; } = new uint[1];
        public byte[] Content { get; } = new byte[BlockGeometry.BlockBytes];
    }
}

using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Notices that blocks are read one after the other and has what follows read before it is asked for, further the longer the stream lasts. Only for stores where a read costs a
/// trip over a network, and for what a cache keeps. Owned by the line's reader; any thread.
/// </summary>
internal sealed class ReadAhead(OpenLine line, SegmentStore segments)
{
    private const int Streams = 4, FirstBlocks = 32, BlocksPerLookup = 512, RunsPerLookup = 32;
    private readonly Lock _lock = new();
    private readonly (ulong Next, ulong Ahead, int Length)[] _streams = new (ulong, ulong, int)[Streams];
    private int _victim;

    /// <summary>Blocks of segments were read, or are about to be. Allocates nothing unless a stream goes on.</summary>
    public void Observe(ulong block, int blocks)
    {
        ulong from, to;
        lock (_lock)
        {
            int at = Find(block, block + (ulong)blocks);
            if (at < 0)
            {
                _streams[_victim = (_victim + 1) % Streams] = (block + (ulong)blocks, 0, blocks);
                return;
            }
            ref (ulong Next, ulong Ahead, int Length) stream = ref _streams[at];
            stream = (block + (ulong)blocks, stream.Ahead, Math.Min(stream.Length + blocks, segments.MaxReadAheadBlocks));
            if (stream.Length < FirstBlocks || stream.Ahead > stream.Next + (ulong)stream.Length / 2)
                return;
            (from, to) = (Math.Max(stream.Ahead, stream.Next), stream.Next + (ulong)stream.Length);
            stream.Ahead = to;
        }
        Begin(from, Math.Min(to, (ulong)line.Index.CapacityBytes >> BlockGeometry.BlockShift));
    }

    private int Find(ulong block, ulong end)
    {
        for (int i = 0; i < Streams; i++)
            if (_streams[i].Length > 0 && block <= _streams[i].Next && end > _streams[i].Next)
                return i;
        return -1;
    }

    private void Begin(ulong from, ulong to)
    {
        if (line.Cache is not { } client || from >= to)
            return;
        Span<BlockRun> runs = stackalloc BlockRun[RunsPerLookup];
        Span<uint> crcs = stackalloc uint[BlocksPerLookup];
        while (from < to && line.Index.TryResolve(from, (int)Math.Min(BlocksPerLookup, to - from), runs, crcs, out int count) && count > 0)
            foreach (ref readonly BlockRun run in runs[..count])
            {
                if (run.Place == BlockPlace.Segment)
                    _ = segments.ReadAheadAsync(run.Segment, run.FirstIndex, run.LengthBlocks, client);
                from += (ulong)run.LengthBlocks;
            }
    }
}

using System.Buffers;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Reclaim;

/// <summary>
/// Reads blocks that garbage collection copies next in few requests, where each block by itself would wait for the store: those of a segment that lie near each other in one request, several
/// requests side by side. What it does not get as its checksum says, it does not have, and the collector reads by itself. Owned by the collector; one call at a time.
/// </summary>
internal sealed class RangeReader(SegmentStore segments)
{
    /// <summary>Most blocks of a batch: what it holds of them bounds the memory of a round.</summary>
    public const int BatchBlocks = 1024;

    private const int WidestGapBlocks = 16, MostBlocks = 256, MostRequests = 8;

    private readonly byte[] _contents = GC.AllocateUninitializedArray<byte>(BatchBlocks * BlockGeometry.BlockBytes);
    private readonly SourceBlock[] _blocks = new SourceBlock[BatchBlocks];
    private readonly bool[] _has = new bool[BatchBlocks];
    private readonly Dictionary<(SegmentId, int), int> _places = [];

    /// <summary>True where a block is of the batch that was read last, whatever came of it.</summary>
    public bool Asked(SourceBlock block) => _places.ContainsKey((block.Segment, block.Index));

    /// <summary>Reads a batch of at most <see cref="BatchBlocks"/>, in place of the one before. What fails is told by nothing but its absence.</summary>
    public async Task ReadAsync(IReadOnlyList<SourceBlock> batch, CancellationToken cancellation)
    {
        Array.Clear(_has);
        _places.Clear();
        for (int at = 0; at < batch.Count; at++)
        {
            _blocks[at] = batch[at];
            _places.Add((batch[at].Segment, batch[at].Index), at);
        }
        List<List<int>> ranges = FindRanges(batch.Count);
        int taken = 0;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(MostRequests, ranges.Count)).Select(_ => ReadRangesAsync()));

        async Task ReadRangesAsync()
        {
            // Side by side also where nothing has to wait.
            await Task.Yield();
            while (Interlocked.Increment(ref taken) is var next && next <= ranges.Count)
                await ReadRangeAsync(ranges[next - 1], cancellation);
        }
    }

    /// <summary>A block of the batch; false = it does not have it.</summary>
    public bool TryGet(SourceBlock block, Span<byte> destination)
    {
        if (!_places.TryGetValue((block.Segment, block.Index), out int at) || !_has[at])
            return false;
        _contents.AsSpan(at * BlockGeometry.BlockBytes, BlockGeometry.BlockBytes).CopyTo(destination);
        return true;
    }

    /// <summary>Places in the batch, grouped: each group is of one segment and near each other in it.</summary>
    private List<List<int>> FindRanges(int count)
    {
        List<List<int>> ranges = [];
        foreach (IGrouping<SegmentId, int> segment in Enumerable.Range(0, count).GroupBy(at => _blocks[at].Segment))
        {
            List<int>? range = null;
            foreach (int at in segment.OrderBy(at => _blocks[at].Index))
            {
                if (range is null || _blocks[at].Index - _blocks[range[^1]].Index > WidestGapBlocks || _blocks[at].Index - _blocks[range[0]].Index >= MostBlocks)
                    ranges.Add(range = []);
                range.Add(at);
            }
        }
        return ranges;
    }

    private async ValueTask ReadRangeAsync(List<int> range, CancellationToken cancellation)
    {
        SourceBlock first = _blocks[range[0]];
        int lengthBytes = (_blocks[range[^1]].Index - first.Index + 1) * BlockGeometry.BlockBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            await segments.ReadAsync(first.Segment, first.Index, buffer.AsMemory(0, lengthBytes), cancellation);
            foreach (int at in range)
            {
                ReadOnlySpan<byte> content = buffer.AsSpan((_blocks[at].Index - first.Index) * BlockGeometry.BlockBytes, BlockGeometry.BlockBytes);
                if (Crc32C.Compute(content) != _blocks[at].Header.BlockCrcs[_blocks[at].Index])
                    continue;
                content.CopyTo(_contents.AsSpan(at * BlockGeometry.BlockBytes));
                _has[at] = true;
            }
        }
        catch (Exception e) when (e is SegmentCorruptException or ObjectStoreException)
        {
            // A block that nobody needs may be the damaged one: each is read by itself, and what is wrong is dealt with there.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>A block that a row names and that is to be copied: <paramref name="Index"/> of <paramref name="Segment"/>, which has <paramref name="Header"/>.</summary>
internal readonly record struct SourceBlock(ulong Block, SegmentId Segment, int Index, SegmentHeader Header);

using System.Runtime.CompilerServices;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Overlay;

/// <summary>
/// Disjoint ranges of blocks in order, each with the LSN of the record that made it a hole or blocks of a segment; a newer one cuts the older. Kept in chunks,
/// so that one among a million moves only its neighbours. Ranges of different records never join: each goes when its own record is published. Owned by its
/// overlay, not thread-safe.
/// </summary>
internal sealed class OverlayRanges
{
    private const int ChunkRanges = 256;

    private readonly record struct Range(ulong Start, ulong End, ulong Lsn, SegmentPlace Place)
    {
        public Range From(ulong start) => this with { Start = start, Place = Place.Skip(start - Start) };
    }

    private sealed class Chunk
    {
        public readonly Range[] Items = new Range[ChunkRanges];
        public int Count;

        public Span<Range> Used => Items.AsSpan(0, Count);
    }

    private readonly List<Chunk> _chunks = [];
    private Chunk? _spare;

    /// <summary>Number of ranges.</summary>
    public int Count { get; private set; }

    /// <summary>Memory held, in bytes.</summary>
    public long MemoryBytes => (long)_chunks.Count * ChunkRanges * Unsafe.SizeOf<Range>();

    /// <summary>Adds a range over all that is there.</summary>
    public void Add(ulong start, ulong end, ulong lsn, SegmentPlace place)
    {
        Cut(start, end);
        if (!TryExtend(start, end, lsn, place))
            Insert(new(start, end, lsn, place));
    }

    /// <summary>
    /// True where the block is in a range. <paramref name="until"/>: where the answer changes at the earliest (the range's end, or the next one's start).
    /// </summary>
    public bool TryFind(ulong block, out ulong lsn, out SegmentPlace place, out ulong until)
    {
        (lsn, place, until) = (0, default, ulong.MaxValue);
        if (_chunks.Count == 0)
            return false;
        int chunkIndex = ChunkOf(block);
        Chunk chunk = _chunks[chunkIndex];
        int at = FirstEndingBehind(chunk, block);
        if (at == chunk.Count)
        {
            if (chunkIndex + 1 < _chunks.Count)
                until = _chunks[chunkIndex + 1].Items[0].Start;
            return false;
        }
        Range range = chunk.Items[at];
        bool found = range.Start <= block;
        (lsn, place, until) = found ? (range.Lsn, range.Place.Skip(block - range.Start), range.End) : (0, default, range.Start);
        return found;
    }

    /// <summary>Removes the ranges of records below an LSN, and packs what stays.</summary>
    public void RemoveBelow(ulong lsn)
    {
        int toChunk = 0, to = 0, count = 0;
        for (int from = 0; from < _chunks.Count; from++)
        {
            foreach (Range range in _chunks[from].Used)
            {
                if (range.Lsn < lsn)
                    continue;
                if (to == ChunkRanges)
                {
                    _chunks[toChunk++].Count = ChunkRanges;
                    to = 0;
                }
                _chunks[toChunk].Items[to++] = range;
                count++;
            }
        }
        Count = count;
        if (to > 0)
            _chunks[toChunk++].Count = to;
        RemoveChunks(toChunk, _chunks.Count - toChunk);
    }

    /// <summary>Adds the ranges of records below an LSN to a list, by block.</summary>
    public void CopyBelow(ulong lsn, List<OverlayRange> destination)
    {
        foreach (Chunk chunk in _chunks)
            foreach (Range range in chunk.Used)
                if (range.Lsn < lsn)
                    destination.Add(new(range.Start, range.End - range.Start, range.Lsn, range.Place));
    }

    private void Cut(ulong start, ulong end)
    {
        if (_chunks.Count == 0)
            return;
        Range behind = default;
        int first = ChunkOf(start), index = first, emptyFrom = -1, emptyCount = 0;
        for (; index < _chunks.Count && _chunks[index].Items[0].Start < end; index++)
        {
            if (CutChunk(_chunks[index], start, end) is { End: > 0 } rest)
                behind = rest;
            if (_chunks[index].Count > 0)
                continue;
            // Chunks in the middle of the range are empty; they follow each other.
            emptyFrom = emptyCount++ == 0 ? index : emptyFrom;
        }
        if (emptyCount > 0)
            RemoveChunks(emptyFrom, emptyCount);
        if (behind.End > 0)
            Insert(behind);
    }

    /// <summary>Returns what is left behind the range of an item that reaches over both of its ends.</summary>
    private Range CutChunk(Chunk chunk, ulong start, ulong end)
    {
        Range behind = default;
        int from = FirstEndingBehind(chunk, start), to = from;
        if (from < chunk.Count && chunk.Items[from] is var around && around.Start < start)
        {
            chunk.Items[from] = around with { End = start };
            if (around.End > end)
                behind = around.From(end);
            to = ++from;
        }
        while (from < chunk.Count && chunk.Items[from].End <= end)
            from++;
        if (from < chunk.Count && chunk.Items[from].Start < end)
            chunk.Items[from] = chunk.Items[from].From(end);
        if (from > to)
        {
            chunk.Items.AsSpan(from..chunk.Count).CopyTo(chunk.Items.AsSpan(to));
            chunk.Count -= from - to;
            Count -= from - to;
        }
        return behind;
    }

    // Zero blocks of one record that follow each other arrive as several ranges.
    private bool TryExtend(ulong start, ulong end, ulong lsn, SegmentPlace place)
    {
        if (_chunks.Count == 0)
            return false;
        Chunk chunk = _chunks[ChunkOf(start)];
        int before = FirstEndingBehind(chunk, start) - 1;
        if (before < 0 || chunk.Items[before] is var last && (last.End != start || last.Lsn != lsn || last.Place.Skip(start - last.Start) != place))
            return false;
        chunk.Items[before] = chunk.Items[before] with { End = end };
        return true;
    }

    private void Insert(Range range)
    {
        if (_chunks.Count == 0)
            _chunks.Add(NewChunk());
        int index = ChunkOf(range.Start);
        Chunk chunk = _chunks[index];
        if (chunk.Count == ChunkRanges)
        {
            // A full chunk that only grows at its end is left full.
            int keep = chunk.Items[^1].Start < range.Start ? ChunkRanges : ChunkRanges / 2;
            Chunk next = NewChunk();
            chunk.Items.AsSpan(keep).CopyTo(next.Items);
            (chunk.Count, next.Count) = (keep, ChunkRanges - keep);
            _chunks.Insert(index + 1, next);
            if (keep == ChunkRanges || next.Items[0].Start < range.Start)
                chunk = next;
        }
        int at = FirstEndingBehind(chunk, range.Start);
        chunk.Items.AsSpan(at..chunk.Count).CopyTo(chunk.Items.AsSpan(at + 1));
        chunk.Items[at] = range;
        chunk.Count++;
        Count++;
    }

    /// <summary>The last chunk that starts at or before a block, or the first.</summary>
    private int ChunkOf(ulong block)
    {
        int low = 0, high = _chunks.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_chunks[middle].Items[0].Start <= block)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }

    private static int FirstEndingBehind(Chunk chunk, ulong block)
    {
        int low = 0, high = chunk.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (chunk.Items[middle].End > block)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }

    private Chunk NewChunk()
    {
        Chunk chunk = _spare ?? new();
        _spare = null;
        return chunk;
    }

    private void RemoveChunks(int index, int count)
    {
        if (count == 0)
            return;
        _spare = _chunks[index];
        _spare.Count = 0;
        _chunks.RemoveRange(index, count);
    }
}

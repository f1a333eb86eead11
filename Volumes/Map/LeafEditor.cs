using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>Changes runs of a leaf: pure functions over spans, any thread. A list of runs starts at block 0 and covers all 512 blocks.</summary>
internal static class LeafEditor
{
    /// <summary>
    /// Writes into <paramref name="result"/> (512 runs) what <paramref name="runs"/> become when blocks <paramref name="offset"/> and so on are
    /// <paramref name="segment"/> from <paramref name="firstIndex"/> on, or a hole. Gives the number of runs, the fewest there can be.
    /// </summary>
    public static int Replace(
        ReadOnlySpan<LeafRun> runs, int offset, int lengthBlocks, SegmentId segment, int firstIndex, Span<LeafRun> result)
    {
        int count = 0, next = 0, end = offset + lengthBlocks;
        while (next < runs.Length && runs[next].Start < offset)
            result[count++] = runs[next++];
        Append(result, ref count, new(segment.Value, (ushort)(segment.IsNone ? 0 : firstIndex), (ushort)offset));
        if (end == BlockMap.LeafBlocks)
            return count;
        while (next < runs.Length && runs[next].Start <= end)
            next++;
        LeafRun cut = runs[next - 1];
        Append(result, ref count, new(cut.Segment, (ushort)(cut.Segment == 0 ? 0 : cut.FirstIndex + end - cut.Start), (ushort)end));
        if (next < runs.Length)
            Append(result, ref count, runs[next++]);
        runs[next..].CopyTo(result[count..]);
        return count + runs.Length - next;
    }

    /// <summary>The runs of a flat leaf, into <paramref name="result"/> (512 runs). Gives their number.</summary>
    public static int Compress(ReadOnlySpan<LeafRun> flat, Span<LeafRun> result)
    {
        int count = 0;
        for (int block = 0; block < flat.Length; block++)
            Append(result, ref count, flat[block] with { Start = (ushort)block });
        return count;
    }

    /// <summary>Writes runs as a flat leaf.</summary>
    public static void Expand(ReadOnlySpan<LeafRun> runs, Span<LeafRun> flat)
    {
        for (int i = 0; i < runs.Length; i++)
        {
            LeafRun run = runs[i];
            int end = End(runs, i);
            for (int block = run.Start; block < end; block++)
                flat[block] = new(run.Segment, (ushort)(run.Segment == 0 ? 0 : run.FirstIndex + block - run.Start), 0);
        }
    }

    /// <summary>The block behind run <paramref name="index"/>.</summary>
    public static int End(ReadOnlySpan<LeafRun> runs, int index) => index + 1 < runs.Length ? runs[index + 1].Start : BlockMap.LeafBlocks;

    /// <summary>The run that has a block.</summary>
    public static int Find(ReadOnlySpan<LeafRun> runs, int block)
    {
        int low = 0, high = runs.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >> 1;
            if (runs[middle].Start <= block)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }

    private static void Append(Span<LeafRun> runs, ref int count, LeafRun run)
    {
        if (count > 0 && runs[count - 1].Segment == run.Segment
            && (run.Segment == 0 || runs[count - 1].FirstIndex + run.Start - runs[count - 1].Start == run.FirstIndex))
            return;
        runs[count++] = run;
    }
}

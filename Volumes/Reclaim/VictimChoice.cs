using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Reclaim;

/// <summary>
/// Which segments garbage collection empties: those with the most benefit (free space gained, times age, since what is old stays as it is) for the cost (reading the segment,
/// writing what lives). Stateless; any thread.
/// </summary>
internal static class VictimChoice
{
    /// <summary>Segments with more live blocks than this are never worth it.</summary>
    private const double MaxLiveShare = 0.95;

    /// <summary>Space in segments that no leaf names, in blocks, and all blocks in segments. Segments that nothing names at all are not among them: they go by themselves.</summary>
    public static (long GarbageBlocks, long AllBlocks) Measure(SegmentTable table)
    {
        long all = 0, live = 0;
        foreach ((_, SegmentRow row) in table.Rows.Where(entry => entry.Row.References > 0))
            (all, live) = (all + row.BlockCount, live + row.LiveBlocksAtMost);
        return (all - live, all);
    }

    /// <summary>
    /// The best victims of one line and kind (so that what was copied before, and is cold, stays apart from what is younger), until they have <paramref name="maxLiveBlocks"/> to
    /// copy. Segments from <paramref name="endId"/> on are not in map.db yet.
    /// </summary>
    public static List<(SegmentId Id, SegmentRow Row)> Choose(SegmentTable table, SegmentId endId, ulong nowLsn, long maxLiveBlocks, IReadOnlySet<uint> excluded)
    {
        List<(SegmentId Id, SegmentRow Row, double Score)> candidates = [];
        foreach ((SegmentId id, SegmentRow row) in table.Rows)
        {
            double live = (double)row.LiveBlocksAtMost / Math.Max(1, row.BlockCount);
            if (id.Value < endId.Value && row.References > 0 && live <= MaxLiveShare && !excluded.Contains(id.Value))
                candidates.Add((id, row, (nowLsn - Math.Min(nowLsn, row.Born) + 1.0) * (1 - live) / (1 + live)));
        }
        List<(SegmentId Id, SegmentRow Row)> chosen = [];
        if (candidates.Count == 0)
            return chosen;
        candidates.Sort((a, b) => b.Score.CompareTo(a.Score));
        SegmentRow first = candidates[0].Row;
        long copied = 0;
        foreach ((SegmentId id, SegmentRow row, _) in candidates)
        {
            if (row.Volume != first.Volume || row.Kind != first.Kind)
                continue;
            if (chosen.Count > 0 && copied + row.LiveBlocksAtMost > maxLiveBlocks)
                break;
            chosen.Add((id, row));
            copied += row.LiveBlocksAtMost;
        }
        return chosen;
    }
}

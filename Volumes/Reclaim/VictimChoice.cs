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
        List<Candidate> candidates = Candidates(table, endId, excluded, row => nowLsn - Math.Min(nowLsn, row.Born) + 1.0);
        if (candidates.Count == 0)
            return [];
        SegmentRow first = candidates[0].Row;
        return FirstOf(candidates.Where(candidate => candidate.Row.Volume == first.Volume && candidate.Row.Kind == first.Kind), maxLiveBlocks);
    }

    /// <summary>As <see cref="Choose"/>, where only the space counts that is gained now: of the line, whatever the kind, that gives most of it for <paramref name="maxLiveBlocks"/>.</summary>
    public static List<(SegmentId Id, SegmentRow Row)> ChooseForSpace(SegmentTable table, SegmentId endId, long maxLiveBlocks, IReadOnlySet<uint> excluded) =>
        Candidates(table, endId, excluded, _ => 1).GroupBy(candidate => candidate.Row.Volume).Select(line => FirstOf(line, maxLiveBlocks))
            .MaxBy(victims => victims.Sum(DeadBlocks)) ?? [];

    /// <summary>Blocks of a segment that no leaf names, at least.</summary>
    public static int DeadBlocks((SegmentId Id, SegmentRow Row) victim) => victim.Row.BlockCount - victim.Row.LiveBlocksAtMost;

    private static List<Candidate> Candidates(SegmentTable table, SegmentId endId, IReadOnlySet<uint> excluded, Func<SegmentRow, double> age)
    {
        List<Candidate> candidates = [];
        foreach ((SegmentId id, SegmentRow row) in table.Rows)
        {
            double live = (double)row.LiveBlocksAtMost / Math.Max(1, row.BlockCount);
            if (id.Value < endId.Value && row.References > 0 && live <= MaxLiveShare && !excluded.Contains(id.Value))
                candidates.Add(new(id, row, age(row) * (1 - live) / (1 + live)));
        }
        candidates.Sort((a, b) => b.Score.CompareTo(a.Score));
        return candidates;
    }

    /// <summary>At least one.</summary>
    private static List<(SegmentId Id, SegmentRow Row)> FirstOf(IEnumerable<Candidate> candidates, long maxLiveBlocks)
    {
        List<(SegmentId Id, SegmentRow Row)> chosen = [];
        long copied = 0;
        foreach (Candidate candidate in candidates)
        {
            if (chosen.Count > 0 && copied + candidate.Row.LiveBlocksAtMost > maxLiveBlocks)
                break;
            chosen.Add((candidate.Id, candidate.Row));
            copied += candidate.Row.LiveBlocksAtMost;
        }
        return chosen;
    }

    private readonly record struct Candidate(SegmentId Id, SegmentRow Row, double Score);
}

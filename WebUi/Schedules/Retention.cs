using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Schedules;

/// <summary>Which snapshots the rules of a schedule keep. Pure; any thread.</summary>
internal static class Retention
{
    /// <summary>Most that one rule may keep; so many snapshots one volume bears in all.</summary>
    public const int MaxKept = 10_000;

    private static readonly (string Name, Func<KeepRules, int> Count, Rhythm? Rhythm)[] Rules =
    [
        ("last", rules => rules.Last, null),
        ("hourly", rules => rules.Hourly, Rhythm.Hourly),
        ("daily", rules => rules.Daily, Rhythm.Daily),
        ("weekly", rules => rules.Weekly, Rhythm.Weekly),
        ("monthly", rules => rules.Monthly, Rhythm.Monthly),
    ];

    /// <summary>What is wrong with rules, or null.</summary>
    public static string? FindFault(KeepRules rules)
    {
        foreach (var (name, count, _) in Rules)
        {
            if (count(rules) is < 0 or > MaxKept)
                return $"keep.{name}: {count(rules)} is no number of snapshots: write 0 to {MaxKept}.";
        }

        return Rules.All(rule => rule.Count(rules) == 0) ? "keep: these rules keep no snapshot at all, so the schedule would take them for nothing. Set one of last, hourly, daily, weekly, monthly." : null;
    }

    /// <summary>The names of the rules that keep each of the snapshots, in the order of <paramref name="taken"/> (when each was taken); none = it may go.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Apply(KeepRules rules, IReadOnlyList<DateTimeOffset> taken)
    {
        List<string>[] kept = [.. taken.Select(_ => new List<string>())];
        int[] newestFirst = [.. Enumerable.Range(0, taken.Count).OrderByDescending(i => taken[i])];
        foreach (var (name, count, rhythm) in Rules)
        {
            var firsts = rhythm is { } period ? newestFirst.DistinctBy(i => Recurrence.PeriodOf(period, taken[i])) : newestFirst;
            foreach (var i in firsts.Take(count(rules)))
                kept[i].Add(name);
        }

        return kept;
    }
}

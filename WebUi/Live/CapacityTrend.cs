using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Live;

/// <summary>When the pool will be full at the pace of the last week: the line of least squares through its hours. Stateless.</summary>
internal static class CapacityTrend
{
    private const int MinSamples = 6;
    private static readonly TimeSpan Window = TimeSpan.FromDays(7);

    /// <summary>Days from the newest sample on, when <paramref name="freeBytes"/> were left; null where the line does not rise or too little is known.</summary>
    public static double? DaysToFull(IReadOnlyList<CapacitySampleView> history, long freeBytes)
    {
        if (history.Count == 0)
            return null;
        var newest = history[^1];
        var week = history.Where(sample => newest.Time - sample.Time <= Window).ToList();
        if (week.Count < MinSamples)
            return null;
        var days = week.ConvertAll(sample => (sample.Time - newest.Time).TotalDays);
        var used = week.ConvertAll(sample => (double)sample.UsedBytes);
        double meanDays = days.Average(), meanUsed = used.Average(), rise = 0, run = 0;
        for (var i = 0; i < week.Count; i++)
        {
            rise += (days[i] - meanDays) * (used[i] - meanUsed);
            run += (days[i] - meanDays) * (days[i] - meanDays);
        }

        var bytesPerDay = run > 0 ? rise / run : 0;
        return bytesPerDay >= 1 ? freeBytes / bytesPerDay : null;
    }
}

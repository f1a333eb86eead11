using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Live;

namespace Lunaria.WebUi.Tests.Live;

[TestClass]
public sealed class CapacityTrendTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [TestMethod]
    public void A_pool_that_grows_evenly_is_full_when_the_line_says_so()
    {
        // 10 a day, 500 free at the end: 50 days.
        var history = Enumerable.Range(0, 49).Select(hour => new CapacitySampleView(Start.AddHours(hour), 1000 << 20, (480 << 20) + ((10 << 20) * hour / 24))).ToList();
        Assert.AreEqual(50, CapacityTrend.DaysToFull(history, 500 << 20)!.Value, 0.1);
    }

    [TestMethod]
    public void What_shrinks_stays_or_is_too_new_is_never_full()
    {
        Assert.IsNull(CapacityTrend.DaysToFull([], 1000));
        Assert.IsNull(CapacityTrend.DaysToFull(History(5, hour => 100 * hour), 500));
        Assert.IsNull(CapacityTrend.DaysToFull(History(24, _ => 500), 500));
        Assert.IsNull(CapacityTrend.DaysToFull(History(24, hour => 500 - hour), 500));
        Assert.IsNotNull(CapacityTrend.DaysToFull(History(6, hour => 100 * hour), 500));
    }

    [TestMethod]
    public void Only_the_last_week_counts() =>
        Assert.IsNull(CapacityTrend.DaysToFull(History(24 * 20, hour => hour < 24 * 10 ? hour : 240), 500));

    private static List<CapacitySampleView> History(int hours, Func<int, long> used) =>
        [.. Enumerable.Range(0, hours).Select(hour => new CapacitySampleView(Start.AddHours(hour), 1000, used(hour)))];
}

using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Tests.Live;

/// <summary>When a level of free space is entered and left.</summary>
[TestClass]
public sealed class SpaceLevelTests
{
    [TestMethod]
    public void A_mark_is_entered_at_once_and_left_with_the_hysteresis()
    {
        var level = new SpaceLevel(hysteresisPercent: 5);
        foreach (var (free, expected) in new[]
        {
            (20, Severity.Information), (19, Severity.Warning), (24, Severity.Warning), (25, Severity.Information), (9, Severity.Error), (14, Severity.Error), (15, Severity.Warning),
            (24, Severity.Warning), (30, Severity.Information),
        })
            Check(level, new(Percent: 20), new(Percent: 10), free, null, expected);
    }

    [TestMethod]
    public void Percent_bytes_and_days_count_each_for_itself()
    {
        var mark = new MarkView(Percent: 10, Bytes: 30, Days: 7);
        Check(new(0), mark, new(), 30, 7, Severity.Information);
        Check(new(0), mark, new(), 29, null, Severity.Warning);
        Check(new(0), mark, new(), 90, 6.9, Severity.Warning);
        Check(new(0), new(Percent: 10, Bytes: 5), new(), 9, null, Severity.Warning);
        Check(new(0), new(), new(), 0, 0, Severity.Information);
    }

    [TestMethod]
    public void Days_have_a_hysteresis_of_a_quarter()
    {
        var level = new SpaceLevel(hysteresisPercent: 2);
        foreach (var (days, expected) in new (double?, Severity)[] { (8, Severity.Information), (7.9, Severity.Warning), (9.9, Severity.Warning), (10, Severity.Information), (1.9, Severity.Error), (null, Severity.Information) })
            Check(level, new(Days: 8), new(Days: 2), 50, days, expected);
    }

    private static void Check(SpaceLevel level, MarkView low, MarkView full, long free, double? days, Severity expected)
    {
        var before = level.Severity;
        Assert.AreEqual(before != expected, level.Moves(low, full, free, 100, days));
        Assert.AreEqual(expected, level.Severity, $"{free} of 100 free, {days} days");
    }
}

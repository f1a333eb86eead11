using System.Diagnostics;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>The steps of a latency histogram.</summary>
[TestClass]
public sealed class LatencyHistogramTests
{
    [TestMethod]
    public void Each_time_falls_into_the_first_step_that_holds_it()
    {
        double before = 0;
        for (int i = 0; i < LatencyHistogram.BoundsSeconds.Count; i++)
        {
            var histogram = new LatencyHistogram();
            double middle = (before + LatencyHistogram.BoundsSeconds[i]) / 2;
            // What passes until it is recorded is far below half of any step but the first ones.
            histogram.Record(Stopwatch.GetTimestamp() - (long)(middle * Stopwatch.Frequency));
            int step = histogram.Counts.ToList().IndexOf(1);
            Assert.IsTrue(step == i || (step > i && middle < 0.01), $"{middle} s fell into step {step}, not {i}");
            before = LatencyHistogram.BoundsSeconds[i];
        }
    }

    [TestMethod]
    public void What_took_longer_than_all_steps_is_counted_too()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(Stopwatch.GetTimestamp() - (100 * Stopwatch.Frequency));
        Assert.AreEqual(1, histogram.Counts[^1]);
        Assert.AreEqual(LatencyHistogram.BoundsSeconds.Count + 1, histogram.Counts.Count);
        Assert.IsInRange(100, 200, histogram.SumSeconds);
    }
}

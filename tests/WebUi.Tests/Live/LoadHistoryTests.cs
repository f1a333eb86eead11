using Lunaria.Testing;
using Lunaria.WebUi.Live;

namespace Lunaria.WebUi.Tests.Live;

[TestClass]
public sealed class LoadHistoryTests
{
    [TestMethod]
    public void Sums_become_rates_and_minutes_are_averages()
    {
        var time = new ManualTime();
        var history = new LoadHistory(time);
        Assert.IsNull(history.Newest);
        for (var second = 0; second <= 120; second++)
        {
            history.Add(new LoadCounters(10 * second, 5 * second, 4096L * second, 0, 0.02 * second, 0, 3 * second, second), 7);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.AreEqual(10, history.Newest!.ReadsPerSecond, 1e-9);
        Assert.AreEqual(4096, history.Newest.ReadBytesPerSecond, 1e-9);
        Assert.HasCount(120, history.GetSeconds().Samples);
        Assert.HasCount(2, history.GetMinutes().Samples);
        Assert.AreEqual(5, history.GetMinutes().Samples[0].WritesPerSecond, 1e-9);
        Assert.AreEqual(0.002, history.Newest.ReadSeconds!.Value, 1e-9);
        Assert.AreEqual(0.75, history.Newest.CacheHitShare!.Value, 1e-9);
        Assert.AreEqual(0.75, history.GetMinutes().Samples[1].CacheHitShare!.Value, 1e-9);
        Assert.AreEqual(0.002, history.GetMinutes().Samples[0].ReadSeconds!.Value, 1e-9);
    }

    [TestMethod]
    public void A_unit_that_is_gone_makes_no_negative_rate()
    {
        var time = new ManualTime();
        var history = new LoadHistory(time);
        history.Add(new LoadCounters(1000, 0, 0, 0, 1, 0, 0, 0), 0);
        time.Advance(TimeSpan.FromSeconds(1));
        history.Add(new LoadCounters(10, 0, 0, 0, 0.1, 0, 0, 0), 0);
        Assert.AreEqual(0, history.Newest!.ReadsPerSecond);
        Assert.IsNull(history.Newest.ReadSeconds);
    }

    [TestMethod]
    public void The_ring_keeps_the_newest_in_order()
    {
        var ring = new Ring<string>(3);
        foreach (var item in (string[])["a", "b", "c", "d"])
            ring.Add(item);
        CollectionAssert.AreEqual(new[] { "b", "c", "d" }, ring.ToList());
        Assert.AreEqual("d", ring.Newest);
    }
}

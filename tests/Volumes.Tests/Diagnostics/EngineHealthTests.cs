using Lunaria.Testing;
using Lunaria.Volumes.Diagnostics;

namespace Lunaria.Volumes.Tests.Diagnostics;

/// <summary>How long writers wait for space.</summary>
[TestClass]
public sealed class EngineHealthTests
{
    private static readonly VolumeHealth Full = new(HealthState.OutOfSpace, "full");

    [TestMethod]
    public void Writers_wait_for_space_for_a_set_time_from_when_there_is_none()
    {
        var time = new ManualTime();
        using var health = new EngineHealth(TimeSpan.FromSeconds(10), time);
        health.SetStore(Full);
        CancellationToken first = health.NoRoomSoon;
        time.Advance(TimeSpan.FromSeconds(6));
        health.SetStore(Full);
        CancellationToken late = health.NoRoomSoon;
        Assert.IsFalse(first.IsCancellationRequested || late.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.IsTrue(first.IsCancellationRequested && late.IsCancellationRequested, "another failure does not make it longer");
        health.SetStore(Full);
        Assert.IsTrue(health.NoRoomSoon.IsCancellationRequested, "who comes now does not wait");
        Assert.AreEqual(VolumeStatus.OutOfSpace, health.StatusOfFullLog);

        health.SetStore(VolumeHealth.Online);
        Assert.IsFalse(health.NoRoomSoon.IsCancellationRequested);
        health.SetStore(Full);
        Assert.IsFalse(health.NoRoomSoon.IsCancellationRequested, "the next lack of space has its own time");
    }

    [TestMethod]
    public void Space_that_comes_in_time_ends_no_wait()
    {
        var time = new ManualTime();
        using var health = new EngineHealth(TimeSpan.FromSeconds(10), time);
        health.SetStore(Full);
        CancellationToken waiting = health.NoRoomSoon;
        time.Advance(TimeSpan.FromSeconds(9));
        health.SetStore(VolumeHealth.Online);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.IsFalse(waiting.IsCancellationRequested);
    }

    [TestMethod]
    public void Without_a_set_time_nobody_waits()
    {
        using var health = new EngineHealth(TimeSpan.Zero, new ManualTime());
        health.SetStore(Full);
        Assert.IsTrue(health.NoRoomSoon.IsCancellationRequested);
        health.SetStore(VolumeHealth.Online);
        Assert.IsFalse(health.NoRoomSoon.IsCancellationRequested);
    }
}

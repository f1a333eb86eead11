using System.Net;
using Lunaria.Testing;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Watermarks by API: what they are, what they refuse, and what becomes an event.</summary>
[TestClass]
public sealed class WatermarkTests
{
    private readonly List<(MarkView Low, MarkView Full)> _told = [];

    [TestMethod]
    public async Task They_are_changed_in_part_at_once_for_the_pool_too_and_for_later_starts()
    {
        await using var appliance = await TestAppliance.StartAsync(pool: Pool());
        Assert.AreEqual((new MarkView(Percent: 10), new MarkView(Percent: 2)), _told.Single());
        var (status, _) = await appliance.SendAsync(HttpMethod.Patch, "watermarks", new { poolLow = new { percent = 20, bytes = 1 << 30, days = 7 }, logLow = new { } });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual((new MarkView(20, 1 << 30, 7), new MarkView(Percent: 2)), _told[^1]);
        var wanted = new WatermarksView(new(20, 1 << 30, 7), new(Percent: 2), new(), new(), null);
        Assert.AreEqual(wanted, appliance.Services.Watermarks.Show());
        using var database = CatalogDatabase.Open(appliance.DataDirectory);
        Assert.AreEqual(wanted, new WatermarkStore(database).Read());
    }

    [TestMethod]
    public async Task What_cannot_be_a_mark_is_refused()
    {
        await using var appliance = await TestAppliance.StartAsync();
        foreach (var wrong in new object[]
        {
            new { poolLow = new { percent = 100 } }, new { logFull = new { bytes = -1 } }, new { poolFull = new { percent = 30 } }, new { poolLow = new { days = 1 }, poolFull = new { days = 2 } },
            new { overCommitLimit = -1 },
        })
            Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Patch, "watermarks", wrong)).Status, $"{wrong}");
    }

    [TestMethod]
    [FiresEvent(EventCode.PoolOverCommit)]
    public async Task Volumes_promise_no_more_than_the_limit_and_a_pool_that_shrinks_below_it_is_an_event()
    {
        await using var appliance = await TestAppliance.StartAsync(pool: Pool());
        await appliance.SendAsync(HttpMethod.Patch, "watermarks", new { overCommitLimit = 3 });
        Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 2 << 20 })).Status);
        Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name = "s" })).Status);
        foreach (var (method, path, body) in new (HttpMethod, string, object)[]
        {
            (HttpMethod.Post, "volumes", new { name = "b", sizeBytes = 2 << 20 }),
            (HttpMethod.Patch, "volumes/a", new { sizeBytes = 4 << 20 }),
            (HttpMethod.Post, "volumes/a/snapshots/s/clone", new { name = "c" }),
        })
        {
            var (status, problem) = await appliance.SendAsync(method, path, body);
            Assert.AreEqual(HttpStatusCode.Conflict, status, path);
            StringAssert.Contains(problem.GetProperty("detail").GetString(), "Volumes would promise 4 times the pool, and the limit is 3.");
        }

        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Patch, "volumes/a", new { sizeBytes = 3 << 20 })).Status);
        appliance.Status.Look();
        await appliance.SendAsync(HttpMethod.Patch, "watermarks", new { overCommitLimit = 2 });
        appliance.Status.Look();
        appliance.Status.Look();
        await appliance.SendAsync(HttpMethod.Patch, "watermarks", new { overCommitLimit = 0 });
        appliance.Status.Look();
        var told = appliance.Services.Events.List(long.MaxValue, Severity.Information, 10).Where(happened => happened.Code == EventCode.PoolOverCommit).ToArray();
        CollectionAssert.AreEqual(new[] { Severity.Information, Severity.Warning }, told.Select(happened => happened.Severity).ToArray());
        StringAssert.Contains(told[1].Message, "Volumes promise 3 times the pool, and the limit is 2");
    }

    [TestMethod]
    public async Task A_pool_that_will_be_full_soon_is_an_event()
    {
        var time = new ManualTime();
        await using var appliance = await TestAppliance.StartAsync(time);
        appliance.Store.CapacityBytes = 1 << 30;
        await appliance.SendAsync(HttpMethod.Patch, "watermarks", new { poolLow = new { days = 7 }, poolFull = new { days = 2 } });
        for (var hour = 0; hour < 12; hour++)
        {
            appliance.Status.Look();
            await appliance.Store.PutIfAbsentAsync($"hour{hour}", new byte[8 << 20], CancellationToken.None);
            time.Advance(TimeSpan.FromHours(1));
        }

        var told = Told(appliance).Single();
        Assert.AreEqual(Severity.Warning, told.Severity);
        StringAssert.Contains(told.Message, "days at the pace of the last week");
    }

    private static List<EventView> Told(TestAppliance appliance) =>
        [.. appliance.Services.Events.List(long.MaxValue, Severity.Information, 10).Where(happened => happened.Code == EventCode.PoolSpace)];

    private PoolAccess Pool() => new(
        () => new PoolView("default", Guid.Empty, 1, 4 << 20, PoolSpaceState.Ok, 1 << 20, 1 << 19, 0, 1 << 19, 0, 0, null, 1, null, 0, [], [], []),
        _ => Task.CompletedTask,
        (_, _, _) => Task.CompletedTask,
        _ => Task.CompletedTask,
        _ => Task.CompletedTask,
        _ => [],
        (low, full) => _told.Add((low, full)));
}

using System.Net;
using System.Text.Json;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Tests.Api;

namespace Lunaria.WebUi.Tests.Schedules;

/// <summary>Schedules by API: what they take, keep and delete as time goes by.</summary>
[TestClass]
public sealed class ScheduleTests
{
    private static readonly object Hourly = new { name = "hourly", volumes = new[] { "a", "b" }, every = "hourly", keep = new { last = 2, daily = 2 } };

    [TestMethod]
    [FiresEvent(EventCode.ScheduleRan)]
    public async Task Snapshots_are_taken_when_due_and_go_when_no_rule_keeps_them()
    {
        var time = new ShiftedTime();
        await using var appliance = await StartAsync(time);
        Assert.AreEqual(HttpStatusCode.Created, (await appliance.SendAsync(HttpMethod.Post, "schedules", Hourly)).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, "schedules", Hourly)).Status);
        await appliance.Services.ScheduleRunner.RunDueAsync();
        Assert.IsEmpty(await NamesAsync(appliance, "a"), "nothing is due at once");
        for (var hour = 0; hour < 30; hour++)
        {
            time.Shift += TimeSpan.FromHours(1);
            await appliance.Services.ScheduleRunner.RunDueAsync();
            await appliance.Services.ScheduleRunner.RunDueAsync();
        }

        var kept = await NamesAsync(appliance, "a");
        CollectionAssert.AreEqual(kept, await NamesAsync(appliance, "b"), "one point for both");
        Assert.HasCount(3, kept, "the newest two, and the newest of yesterday");
        var events = (await appliance.SendAsync(HttpMethod.Get, "events")).Answer;
        Assert.AreEqual(30, events.EnumerateArray().Count(happened => happened.GetProperty("code").GetString() == "schedule.ran"));
    }

    [TestMethod]
    public async Task Missed_runs_are_made_up_for_once_also_after_a_restart()
    {
        var time = new ShiftedTime();
        await using var appliance = await StartAsync(time);
        await appliance.SendAsync(HttpMethod.Post, "schedules", Hourly);
        time.Shift += TimeSpan.FromDays(3);
        await appliance.Services.ScheduleRunner.RunDueAsync();
        await appliance.Services.ScheduleRunner.RunDueAsync();
        Assert.HasCount(1, await NamesAsync(appliance, "a"));
        var schedule = (await appliance.SendAsync(HttpMethod.Get, "schedules/hourly")).Answer;
        Assert.IsTrue(schedule.GetProperty("nextRun").GetDateTimeOffset() > time.GetUtcNow());
        Assert.IsTrue(schedule.GetProperty("lastRun").GetDateTimeOffset() > time.GetUtcNow().AddHours(-1));
        await appliance.SendAsync(HttpMethod.Patch, "schedules/hourly", new { paused = true });
        time.Shift += TimeSpan.FromDays(3);
        await appliance.Services.ScheduleRunner.RunDueAsync();
        await appliance.SendAsync(HttpMethod.Patch, "schedules/hourly", new { paused = false });
        await appliance.Services.ScheduleRunner.RunDueAsync();
        Assert.HasCount(1, await NamesAsync(appliance, "a"), "what was missed while it was paused is not made up for");
    }

    [TestMethod]
    public async Task Sticky_cloned_and_foreign_snapshots_stay_and_a_preview_says_so()
    {
        var time = new ShiftedTime();
        await using var appliance = await StartAsync(time);
        await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name = "mine" });
        await appliance.SendAsync(HttpMethod.Post, "schedules", new { name = "s", volumes = new[] { "a" }, every = "daily", at = "03:30", keep = new { last = 1 } });
        var first = await RunAsync(appliance, time);
        await appliance.SendAsync(HttpMethod.Patch, $"volumes/a/snapshots/{first}", new { sticky = true });
        var second = await RunAsync(appliance, time);
        await appliance.SendAsync(HttpMethod.Post, $"volumes/a/snapshots/{second}/clone", new { name = "copy" });
        var third = await RunAsync(appliance, time);
        CollectionAssert.AreEqual(new[] { "mine", first, second, third }, await NamesAsync(appliance, "a"));
        var preview = (await appliance.SendAsync(HttpMethod.Get, "schedules/s/preview")).Answer;
        Assert.AreEqual("sticky; cloned; ", string.Join("; ", preview.EnumerateArray().Select(row => string.Join('+', row.GetProperty("keptBy").EnumerateArray()))));
        preview = (await appliance.SendAsync(HttpMethod.Get, "schedules/s/preview?last=2")).Answer;
        Assert.AreEqual("last", preview[2].GetProperty("keptBy")[0].GetString());
        var fourth = await RunAsync(appliance, time);
        CollectionAssert.AreEqual(new[] { "mine", first, second, fourth }, await NamesAsync(appliance, "a"));
        Assert.AreEqual(HttpStatusCode.NoContent, (await appliance.SendAsync(HttpMethod.Delete, "schedules/s")).Status);
        Assert.HasCount(4, await NamesAsync(appliance, "a"));
    }

    [TestMethod]
    [FiresEvent(EventCode.ScheduleFailed)]
    public async Task A_run_that_fails_is_told_once_and_made_up_for()
    {
        var time = new ShiftedTime();
        await using var appliance = await StartAsync(time);
        await appliance.SendAsync(HttpMethod.Post, "schedules", Hourly);
        time.Shift += TimeSpan.FromHours(1);
        await appliance.Manager.CloseVolumeAsync(appliance.Manager.Find("b")!);
        await appliance.Services.ScheduleRunner.RunDueAsync();
        await appliance.Services.ScheduleRunner.RunDueAsync();
        Assert.IsEmpty(await NamesAsync(appliance, "a"), "a group is taken whole or not at all");
        var failed = (await appliance.SendAsync(HttpMethod.Get, "events?severity=warning")).Answer;
        Assert.AreEqual(1, failed.GetArrayLength());
        Assert.AreEqual(EventCode.ScheduleFailed, failed[0].GetProperty("code").GetString());
        StringAssert.Contains(failed[0].GetProperty("message").GetString(), "'b'");
        Assert.AreNotEqual(JsonValueKind.Null, (await appliance.SendAsync(HttpMethod.Get, "schedules/hourly")).Answer.GetProperty("lastError").ValueKind);
        await appliance.Manager.OpenVolumeAsync(appliance.Manager.Find("b")!);
        await appliance.Services.ScheduleRunner.RunDueAsync();
        Assert.HasCount(1, await NamesAsync(appliance, "b"));
        Assert.AreEqual(JsonValueKind.Null, (await appliance.SendAsync(HttpMethod.Get, "schedules/hourly")).Answer.GetProperty("lastError").ValueKind);
    }

    [TestMethod]
    public async Task What_makes_no_sense_is_refused_with_a_remedy()
    {
        await using var appliance = await StartAsync(new ShiftedTime());
        await RefusedAsync(HttpStatusCode.BadRequest, "no snapshot at all", new { name = "s", volumes = new[] { "a" }, every = "daily", keep = new { } });
        await RefusedAsync(HttpStatusCode.BadRequest, "HH:MM", new { name = "s", volumes = new[] { "a" }, every = "daily", at = "25:00", keep = new { last = 1 } });
        await RefusedAsync(HttpStatusCode.BadRequest, "1 to 31", new { name = "s", volumes = new[] { "a" }, every = "monthly", day = 32, keep = new { last = 1 } });
        await RefusedAsync(HttpStatusCode.NotFound, "no volume none", new { name = "s", volumes = new[] { "none" }, every = "daily", keep = new { last = 1 } });
        await RefusedAsync(HttpStatusCode.BadRequest, "volumes", new { name = "s", volumes = Array.Empty<string>(), every = "daily", keep = new { last = 1 } });
        await appliance.Manager.SetTemplateAsync(appliance.Manager.Find("a")!, true);
        await RefusedAsync(HttpStatusCode.Conflict, "template", new { name = "s", volumes = new[] { "a" }, every = "daily", keep = new { last = 1 } });
        await appliance.SendAsync(HttpMethod.Post, "schedules", new { name = "s", volumes = new[] { "b" }, every = "daily", keep = new { last = 1 } });
        await RefusedAsync(HttpStatusCode.Conflict, "already", new { name = "s", volumes = new[] { "b" }, every = "daily", keep = new { last = 2 } });

        async Task RefusedAsync(HttpStatusCode expected, string reason, object schedule)
        {
            var (status, problem) = await appliance.SendAsync(HttpMethod.Post, "schedules", schedule);
            Assert.AreEqual(expected, status, reason);
            StringAssert.Contains(problem.GetProperty("detail").GetString(), reason);
        }
    }

    private static async Task<TestAppliance> StartAsync(ShiftedTime time)
    {
        var appliance = await TestAppliance.StartAsync(time, engineTime: time);
        foreach (var name in (string[])["a", "b"])
            await appliance.SendAsync(HttpMethod.Post, "volumes", new { name, sizeBytes = 1L << 20 });
        return appliance;
    }

    private static async Task<string> RunAsync(TestAppliance appliance, ShiftedTime time)
    {
        time.Shift += TimeSpan.FromSeconds(1);
        return (await appliance.SendAsync(HttpMethod.Post, "schedules/s/run")).Answer.GetProperty("snapshot").GetString()!;
    }

    private static async Task<string[]> NamesAsync(TestAppliance appliance, string volume) =>
        [.. (await appliance.SendAsync(HttpMethod.Get, $"volumes/{volume}/snapshots")).Answer.EnumerateArray().Select(snapshot => snapshot.GetProperty("name").GetString()!)];

    /// <summary>The real clock, put forward: timers go as always.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        // An hour that no test crosses by itself, at noon of a day.
        private static readonly TimeSpan ToNoon = TimeSpan.FromDays(1) - DateTime.UtcNow.TimeOfDay + TimeSpan.FromHours(12.5);

        public TimeSpan Shift { get; set; } = ToNoon;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + Shift;
    }
}

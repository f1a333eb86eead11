using System.Net;
using System.Text.Json;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Jobs: begun, watched, cancelled, failed, and ended with the appliance.</summary>
[TestClass]
public sealed class JobTests
{
    private static readonly Actor Somebody = new("somebody", Scopes.All, "a test");

    [TestMethod]
    public async Task A_job_tells_how_far_it_is_and_how_it_ended()
    {
        await using var appliance = await TestAppliance.StartAsync();
        var half = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        var begun = appliance.Services.Jobs.Start(Somebody, "thing.work", "thing a", async progress =>
        {
            progress.Report(5, 10);
            half.SetResult();
            await go.Task;
            progress.Say("All is well.");
        });
        await half.Task;
        var (status, seen) = await appliance.SendAsync(HttpMethod.Get, $"jobs/{begun.Id}");
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("running 5 10 bytes somebody", Text(seen, "state", "done", "total", "unit", "who"));
        var refused = Assert.ThrowsExactly<RefusedException>(() => appliance.Services.Jobs.Start(Somebody, "thing.work", "thing a", _ => Task.CompletedTask));
        Assert.AreEqual(RefusalKind.Busy, refused.Kind);
        go.SetResult();
        var ended = await EndAsync(appliance, begun.Id);
        Assert.AreEqual((JobState.Succeeded, "All is well."), (ended.State, ended.Message));
        Assert.AreEqual(1, (await appliance.SendAsync(HttpMethod.Get, "jobs")).Answer.GetArrayLength());
    }

    [TestMethod]
    [FiresEvent(EventCode.JobFailed)]
    public async Task A_job_that_fails_says_why_and_is_an_event()
    {
        await using var appliance = await TestAppliance.StartAsync();
        var begun = appliance.Services.Jobs.Start(Somebody, "thing.work", "thing a", _ => throw new IOException("The disk is gone. Bring it back."));
        var ended = await EndAsync(appliance, begun.Id);
        Assert.AreEqual((JobState.Failed, "The disk is gone. Bring it back."), (ended.State, ended.Message));
        var told = appliance.Services.Events.List(long.MaxValue, Severity.Warning, 10).Single();
        Assert.AreEqual((EventCode.JobFailed, "thing a"), (told.Code, told.Subject));
        var defect = await EndAsync(appliance, appliance.Services.Jobs.Start(Somebody, "thing.work", "thing a", _ => throw new NotSupportedException("odd")).Id);
        StringAssert.Contains(defect.Message, "NotSupportedException: odd");
    }

    [TestMethod]
    public async Task A_job_is_cancelled_by_request_and_by_the_end_of_the_appliance()
    {
        var endless = new List<JobView>();
        JobService jobs;
        await using (var appliance = await TestAppliance.StartAsync())
        {
            jobs = appliance.Services.Jobs;
            foreach (var subject in (string[])["a", "b"])
                endless.Add(jobs.Start(Somebody, "thing.work", subject, progress => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, progress.Stop)));
            var (status, answer) = await appliance.SendAsync(HttpMethod.Post, $"jobs/{endless[0].Id}/cancel");
            Assert.AreEqual((HttpStatusCode.OK, "cancelled"), (status, Text(answer, "state")));
            Assert.AreEqual(JobState.Running, jobs.Show($"{endless[1].Id}").State);
            Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Get, "jobs/99")).Status);
        }

        Assert.AreEqual(JobState.Cancelled, jobs.Show($"{endless[1].Id}").State);
        Assert.AreEqual(RefusalKind.Unavailable, Assert.ThrowsExactly<RefusedException>(() => jobs.Start(Somebody, "thing.work", "c", _ => Task.CompletedTask)).Kind);
    }

    [TestMethod]
    public async Task Old_ends_are_forgotten_and_running_ones_kept()
    {
        await using var appliance = await TestAppliance.StartAsync();
        var jobs = appliance.Services.Jobs;
        var first = jobs.Start(Somebody, "thing.work", "first", progress => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, progress.Stop));
        for (var i = 0; i < 250; i++)
            await EndAsync(appliance, jobs.Start(Somebody, "thing.work", "many", _ => Task.CompletedTask).Id);
        Assert.IsInRange(200, 202, jobs.List().Count);
        Assert.AreEqual(JobState.Running, jobs.Show($"{first.Id}").State);
    }

    [TestMethod]
    public async Task Flattening_a_clone_is_a_job()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 1 << 20 });
        await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots", new { name = "s" });
        await appliance.SendAsync(HttpMethod.Post, "volumes/a/snapshots/s/clone", new { name = "b" });
        var (status, answer) = await appliance.SendAsync(HttpMethod.Post, "volumes/b/flatten");
        Assert.AreEqual(HttpStatusCode.Accepted, status);
        var ended = await EndAsync(appliance, answer.GetProperty("id").GetInt64());
        Assert.AreEqual((JobState.Succeeded, "volume b"), (ended.State, ended.Subject), ended.Message);
    }

    private static async Task<JobView> EndAsync(TestAppliance appliance, long id)
    {
        await appliance.Services.Jobs.WaitAsync(id);
        return appliance.Services.Jobs.Show($"{id}");
    }

    private static string Text(JsonElement job, params string[] names) => string.Join(' ', names.Select(name => job.GetProperty(name).ToString()));
}

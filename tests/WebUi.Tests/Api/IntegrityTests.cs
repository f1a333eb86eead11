using System.Net;
using Lunaria.Volumes;
using Lunaria.Volumes.Recovery;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Checks, audits and garbage collection through the API.</summary>
[TestClass]
public sealed class IntegrityTests
{
    [TestMethod]
    [FiresEvent(EventCode.CheckFound)]
    public async Task A_check_finds_what_is_damaged_and_an_event_tells()
    {
        await using var appliance = await StartAsync();
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Get, "integrity/checks/last")).Status);
        await RunAsync(appliance, "integrity/checks", new { readBlocks = true });
        Assert.IsTrue((await appliance.SendAsync(HttpMethod.Get, "integrity/checks/last")).Answer.GetProperty("isSound").GetBoolean());
        var key = appliance.Store.Keys.First(key => key.StartsWith("volumes/", StringComparison.Ordinal));
        appliance.Store.Corrupt(key, appliance.Store.Content(key).Length - 10);
        await RunAsync(appliance, "integrity/checks", new { volume = "v", readBlocks = true });
        var finding = (await appliance.SendAsync(HttpMethod.Get, "integrity/checks/last")).Answer.GetProperty("findings")[0];
        Assert.AreEqual("segment.block-damaged", finding.GetProperty("kind").GetString());
        Assert.AreEqual(EventCode.CheckFound, appliance.Services.Events.List(long.MaxValue, Severity.Error, 10).Single().Code);
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Post, "integrity/checks", new { volume = "w" })).Status);
    }

    [TestMethod]
    public async Task An_audit_tells_what_is_missing()
    {
        await using var appliance = await StartAsync();
        await RunAsync(appliance, "integrity/checks", new { }); // Which destages.
        await RunAsync(appliance, "integrity/audits", new { clearAfterSeconds = 3600 });
        var audit = (await appliance.SendAsync(HttpMethod.Get, "integrity/audits/last")).Answer;
        Assert.IsGreaterThan(0, audit.GetProperty("liveObjects").GetInt64());
        Assert.AreEqual(0, audit.GetProperty("missing").GetArrayLength());
        appliance.Store.Replace(appliance.Store.Keys.First(key => key.StartsWith("volumes/", StringComparison.Ordinal)), null);
        await RunAsync(appliance, "integrity/audits", new { });
        Assert.AreEqual(1, (await appliance.SendAsync(HttpMethod.Get, "integrity/audits/last")).Answer.GetProperty("missing").GetArrayLength());
        StringAssert.Contains(appliance.Services.Events.List(long.MaxValue, Severity.Error, 10).Single().Message, "Data of v is lost");
    }

    [TestMethod]
    public async Task Collection_is_paused_limited_and_run()
    {
        await using var appliance = await StartAsync();
        var (status, view) = await appliance.SendAsync(HttpMethod.Patch, "gc", new { paused = true, bytesPerSecond = 1 << 20 });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual("paused", view.GetProperty("state").GetString());
        Assert.AreEqual(1 << 20, view.GetProperty("bytesPerSecond").GetInt64());
        Assert.AreEqual("v", view.GetProperty("volumes")[0].GetProperty("volume").GetString());
        await RunAsync(appliance, "gc/run", null);
        Assert.AreEqual("idle", (await appliance.SendAsync(HttpMethod.Patch, "gc", new { paused = false })).Answer.GetProperty("state").GetString());
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Patch, "gc", new { bytesPerSecond = -1 })).Status);
    }

    private static async Task<TestAppliance> StartAsync()
    {
        var appliance = await TestAppliance.StartAsync();
        await Superblock.CheckAsync(appliance.Store, appliance.Manager.Metadata);
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 1 << 20 });
        var content = new byte[1 << 18];
        new Random(1).NextBytes(content);
        Assert.AreEqual(VolumeStatus.Ok, await appliance.Manager.Find("v")!.WriteAsync(0, content, durable: true));
        return appliance;
    }

    private static async Task RunAsync(TestAppliance appliance, string path, object? body)
    {
        var (status, begun) = await appliance.SendAsync(HttpMethod.Post, path, body);
        Assert.AreEqual(HttpStatusCode.Accepted, status, begun.ToString());
        await appliance.Services.Jobs.WaitAsync(begun.GetProperty("id").GetInt64());
        var ended = appliance.Services.Jobs.Show($"{begun.GetProperty("id").GetInt64()}");
        Assert.AreEqual(JobState.Succeeded, ended.State, ended.Message);
    }
}

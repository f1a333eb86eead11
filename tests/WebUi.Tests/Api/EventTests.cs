using Lunaria.Testing;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Events: each is fired, kept, listed, documented and streamed.</summary>
[TestClass]
public sealed class EventTests
{
    private const string Iqn = "iqn.2026-11.test:t";

    [TestMethod]
    public async Task Every_code_is_in_the_handbook()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Lunaria.slnx")))
            root = Path.GetDirectoryName(root)!;
        var handbook = await File.ReadAllTextAsync(Path.Combine(root, "docs", "API.md"));
        foreach (var (code, meaning) in EventService.Codes)
            StringAssert.Contains(handbook, $"| `{code}` | {meaning} |");
    }

    [TestMethod]
    public async Task A_hosts_coming_and_going_is_told()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "*" } });
        using var stop = new CancellationTokenSource();
        var watching = appliance.Status.WatchAsync(NullLogger.Instance, stop.Token);
        await stop.CancelAsync();
        await watching;
        using (var host = new ScriptedInitiator(appliance.Portal))
        {
            host.Login(Iqn);
            appliance.Status.Look();
        }

        var session = (await appliance.SendAsync(HttpMethod.Get, "sessions")).Answer;
        if (session.GetArrayLength() > 0)
            await appliance.SendAsync(HttpMethod.Delete, $"sessions/{session[0].GetProperty("id").GetString()}");
        appliance.Status.Look();
        var codes = (await appliance.SendAsync(HttpMethod.Get, "events")).Answer.EnumerateArray().Select(happened => happened.GetProperty("code").GetString());
        Assert.AreEqual("session.ended session.began appliance.started", string.Join(' ', codes));
        Assert.AreEqual(0, (await appliance.SendAsync(HttpMethod.Get, "events?severity=warning")).Answer.GetArrayLength());
    }

    [TestMethod]
    public async Task A_pool_that_fills_is_told_once_a_step_and_so_is_the_space_that_comes_back()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.Store.PutIfAbsentAsync("something", new byte[990], CancellationToken.None);
        appliance.Store.CapacityBytes = 1000;
        appliance.Status.Look();
        appliance.Status.Look();
        appliance.Store.CapacityBytes = 1L << 40;
        appliance.Status.Look();
        var told = (await appliance.SendAsync(HttpMethod.Get, "events")).Answer.EnumerateArray()
            .Select(happened => $"{happened.GetProperty("code").GetString()} {happened.GetProperty("severity").GetString()}");
        Assert.AreEqual("pool.space information, pool.space error", string.Join(", ", told));
    }

    [TestMethod]
    public async Task A_closed_volume_is_told_with_its_cause()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 1 << 20 });
        await appliance.Manager.CloseVolumeAsync(appliance.Manager.Find("a")!);
        appliance.Status.Look();
        await appliance.Manager.OpenVolumeAsync(appliance.Manager.Find("a")!);
        appliance.Status.Look();
        var told = (await appliance.SendAsync(HttpMethod.Get, "events")).Answer;
        Assert.AreEqual("volume.health", told[1].GetProperty("code").GetString());
        StringAssert.Contains(told[1].GetProperty("message").GetString(), "was closed by the operator");
        Assert.AreEqual("The volume a is Online again.", told[0].GetProperty("message").GetString());
    }

    [TestMethod]
    public async Task The_stream_begins_with_the_status_and_tells_what_happens()
    {
        await using var appliance = await TestAppliance.StartAsync();
        using var response = await appliance.Client.GetAsync("/api/v1/events/stream", HttpCompletionOption.ResponseHeadersRead);
        Assert.AreEqual("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.AreEqual("event: status", await reader.ReadLineAsync());
        var seen = false;
        for (var i = 0; i < 2000 && !seen; i++)
        {
            // The listener is entered behind the first message: what happens is told until it is heard.
            var line = await reader.ReadLineAsync();
            if (line == "event: status")
                appliance.Services.Events.Add(EventCode.EngineHealth, Severity.Error, "engine", "a test");
            seen = line == "event: event";
        }

        Assert.IsTrue(seen);
    }
}

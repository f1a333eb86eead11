using System.Net;
using System.Reflection;
using Lunaria.Iscsi;
using Lunaria.Testing;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Recovery;
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
    public void Every_code_has_a_test_that_fires_it()
    {
        var fired = typeof(EventTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(TestMethodAttribute)))
            .SelectMany(method => method.GetCustomAttributes<FiresEventAttribute>())
            .Select(fires => fires.Code);
        CollectionAssert.AreEquivalent(EventService.Codes.Select(entry => entry.Code).ToList(), fired.Distinct().ToList());
    }

    [TestMethod]
    [FiresEvent(EventCode.ApplianceStarted)]
    [FiresEvent(EventCode.SessionBegan)]
    [FiresEvent(EventCode.SessionEnded)]
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
    [FiresEvent(EventCode.LoginRefused)]
    public async Task Refused_log_ins_are_told_together_however_many_come()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await using var server = new IscsiServer(new IscsiServerOptions { Portals = [new IPEndPoint(IPAddress.Loopback, 0)], DrainTimeout = TimeSpan.Zero });
        server.AddTarget(Iqn, new() { Access = [] });
        await server.StartAsync();
        var time = new ManualTime();
        var watch = new RefusedLoginWatch(server, appliance.Services.Events, time);
        var events = 0;
        for (var minute = 0; minute < 24 * 60; minute += 5)
        {
            Refuse(server);
            if (minute == 0)
                Refuse(server);
            watch.Look();
            watch.Look();
            time.Advance(TimeSpan.FromMinutes(5));
        }

        var told = appliance.Services.Events.List(long.MaxValue, Severity.Information, 1000);
        events = told.Count;
        Assert.IsInRange(24, 32, events);
        Assert.AreEqual($"login.refused target {Iqn}", $"{told[^1].Code} {told[^1].Subject}");
        StringAssert.StartsWith(told[^1].Message, "2 log-ins were refused, the last of iqn.2026-11.test:initiator from 127.0.0.1: AuthorizationFailure (0202).");
        StringAssert.StartsWith(told[0].Message, "12 log-ins were refused since 1970-01-01");

        time.Advance(TimeSpan.FromHours(3));
        watch.Look();
        time.Advance(TimeSpan.FromHours(3));
        Refuse(server);
        watch.Look();
        Assert.HasCount(events + 2, appliance.Services.Events.List(long.MaxValue, Severity.Information, 1000));
    }

    private static void Refuse(IscsiServer server)
    {
        using var host = new ScriptedInitiator(server.Portals[0]);
        Assert.Throws<InvalidOperationException>(() => host.Login(Iqn));
        Assert.IsTrue(host.IsClosedByTarget());
    }

    [TestMethod]
    [FiresEvent(EventCode.PoolSpace)]
    public async Task A_pool_that_fills_is_told_once_a_step_and_so_is_the_space_that_comes_back()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.Store.PutIfAbsentAsync("something", new byte[990], CancellationToken.None);
        appliance.Store.CapacityBytes = 1000;
        appliance.Status.Look();
        appliance.Status.Look();
        appliance.Store.CapacityBytes = 1L << 40;
        appliance.Status.Look();
        Assert.AreEqual("pool.space information, pool.space error", await ToldAsync(appliance));
    }

    [TestMethod]
    [FiresEvent(EventCode.VolumeHealth)]
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
    [FiresEvent(EventCode.EngineHealth)]
    public async Task A_store_that_fails_is_told_and_so_is_its_return()
    {
        await using var appliance = await WithVolumeAsync();
        var triedAgain = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tries = 0;
        appliance.Store.BeforeOperation = key =>
        {
            if (!key.StartsWith("volumes/", StringComparison.Ordinal))
                return;
            // Once it is tried again, the first failure has been noted.
            if (Interlocked.Increment(ref tries) == 2)
                triedAgain.SetResult();
            throw new ObjectStoreException(ObjectStoreError.Retry, "The store does not answer.");
        };
        await WriteAsync(appliance, 1);
        await triedAgain.Task;
        appliance.Status.Look();
        appliance.Store.BeforeOperation = null;
        await DestageAsync(appliance);
        appliance.Status.Look();
        Assert.AreEqual("engine.health information, engine.health warning", await ToldAsync(appliance));
    }

    [TestMethod]
    [FiresEvent(EventCode.LogFilling)]
    public async Task A_log_that_fills_is_told_and_so_is_the_pool_that_caught_up()
    {
        await using var appliance = await WithVolumeAsync();
        appliance.Store.HoldPuts();
        for (var piece = 0; appliance.Manager.GetStatistics() is var engine && engine.LogUsedBytes * 10 <= engine.LogCapacityBytes * 8; piece++)
            await WriteAsync(appliance, piece);
        appliance.Status.Look();
        appliance.Status.Look();
        appliance.Store.ReleasePuts();
        await DestageAsync(appliance);
        appliance.Status.Look();
        Assert.AreEqual("log.filling information, log.filling warning", await ToldAsync(appliance));
    }

    [TestMethod]
    [FiresEvent(EventCode.CacheDevice)]
    public async Task A_cache_device_that_fails_is_told_once_and_so_is_its_end()
    {
        await using var appliance = await WithVolumeAsync();
        await appliance.SendAsync(HttpMethod.Post, "cache/devices", new { path = "flash.lcache", sizeBytes = 8 << 20 });
        await appliance.SendAsync(HttpMethod.Patch, "cache/volumes/v", new { when = "onWrite" });
        appliance.Status.Look();
        appliance.CacheDisk.Faults.FailWrite(1, forever: true);
        await WriteAsync(appliance, 1);
        await DestageAsync(appliance);
        appliance.Status.Look();
        appliance.Status.Look();
        await appliance.SendAsync(HttpMethod.Delete, "cache/devices?path=flash.lcache");
        appliance.Status.Look();
        Assert.AreEqual("cache.device information, cache.device warning", await ToldAsync(appliance));
    }

    [TestMethod]
    [FiresEvent(EventCode.SnapshotStored)]
    public async Task A_snapshot_is_told_once_the_pool_has_all_of_it()
    {
        await using var appliance = await WithVolumeAsync();
        appliance.Store.HoldPuts();
        await WriteAsync(appliance, 1);
        await appliance.SendAsync(HttpMethod.Post, "volumes/v/snapshots", new { name = "s" });
        await appliance.SendAsync(HttpMethod.Post, "volumes/v/snapshots", new { name = "gone" });
        appliance.Status.Look();
        Assert.AreEqual("", await ToldAsync(appliance), "the pool has nothing yet");
        await appliance.SendAsync(HttpMethod.Delete, "volumes/v/snapshots/gone");
        appliance.Store.ReleasePuts();
        await DestageAsync(appliance);
        appliance.Status.Look();
        appliance.Status.Look();
        Assert.AreEqual("snapshot.stored information", await ToldAsync(appliance));
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

    private static async Task<TestAppliance> WithVolumeAsync()
    {
        var appliance = await TestAppliance.StartAsync();
        await Superblock.CheckAsync(appliance.Store, appliance.Manager.Metadata);
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 64 << 20 });
        return appliance;
    }

    private static async Task WriteAsync(TestAppliance appliance, int piece)
    {
        var content = new byte[64 << 10];
        new Random(piece).NextBytes(content);
        Assert.AreEqual(VolumeStatus.Ok, await appliance.Manager.Find("v")!.WriteAsync((long)piece * content.Length, content, durable: false));
    }

    /// <summary>A check begins with all that the log holds in the store.</summary>
    private static async Task DestageAsync(TestAppliance appliance)
    {
        var (status, begun) = await appliance.SendAsync(HttpMethod.Post, "integrity/checks", new { });
        Assert.AreEqual(HttpStatusCode.Accepted, status);
        await appliance.Services.Jobs.WaitAsync(begun.GetProperty("id").GetInt64());
    }

    /// <summary>Codes and severities of all events, the newest first.</summary>
    private static async Task<string> ToldAsync(TestAppliance appliance) =>
        string.Join(", ", (await appliance.SendAsync(HttpMethod.Get, "events")).Answer.EnumerateArray()
            .Select(happened => $"{happened.GetProperty("code").GetString()} {happened.GetProperty("severity").GetString()}"));
}

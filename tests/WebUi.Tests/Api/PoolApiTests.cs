using System.Net;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>The pool by API: what is shown, begun and refused, and what becomes an event.</summary>
[TestClass]
public sealed class PoolApiTests
{
    private static readonly Guid Id = Guid.NewGuid();

    private ComponentState _state = ComponentState.Active;
    private int _copies = 1;
    private string[] _keys = [];
    private MendingView? _mending;

    [TestMethod]
    public async Task A_bucket_is_no_pool()
    {
        await using var appliance = await TestAppliance.StartAsync();
        var (status, problem) = await appliance.SendAsync(HttpMethod.Get, "pool");
        Assert.AreEqual(HttpStatusCode.NotFound, status);
        StringAssert.Contains(problem.GetProperty("detail").GetString(), "bucket");
    }

    [TestMethod]
    public async Task The_pool_tells_what_is_promised_of_it_and_how_far_an_evacuation_is()
    {
        var half = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var appliance = await TestAppliance.StartAsync(pool: Access(evacuate: async progress =>
        {
            progress(400, 800);
            half.SetResult();
            await go.Task;
        }));
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 10 << 20 });
        var (accepted, _) = await appliance.SendAsync(HttpMethod.Post, $"pool/components/{Id}/evacuate");
        Assert.AreEqual(HttpStatusCode.Accepted, accepted);
        await half.Task;
        var (_, pool) = await appliance.SendAsync(HttpMethod.Get, "pool");
        Assert.AreEqual(10 << 20, pool.GetProperty("promisedBytes").GetInt64());
        Assert.AreEqual(10, pool.GetProperty("overCommit").GetDouble());
        var component = pool.GetProperty("components")[0];
        Assert.AreEqual("/disk/a", component.GetProperty("path").GetString());
        Assert.AreEqual(400, component.GetProperty("job").GetProperty("done").GetInt64());
        var (again, _) = await appliance.SendAsync(HttpMethod.Post, $"pool/components/{Id}/evacuate");
        Assert.AreEqual(HttpStatusCode.Conflict, again);
        go.SetResult();
    }

    [TestMethod]
    public async Task What_the_pool_refuses_is_told_in_its_words()
    {
        await using var appliance = await TestAppliance.StartAsync(pool: Access());
        var (status, problem) = await appliance.SendAsync(HttpMethod.Delete, $"pool/components/{Id}");
        Assert.AreEqual(HttpStatusCode.Conflict, status);
        Assert.AreEqual("It holds objects: evacuate it first.", problem.GetProperty("detail").GetString());
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Delete, $"pool/components/{Guid.NewGuid()}")).Status);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Post, "pool/components", new { path = "" })).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Post, "pool/components", new { path = "b", sizeBytes = 1 << 30 })).Status);
    }

    [TestMethod]
    [FiresEvent(EventCode.PoolComponent)]
    public async Task A_component_that_fails_is_an_event_once()
    {
        await using var appliance = await TestAppliance.StartAsync(pool: Access());
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "hit", sizeBytes = 10 << 20 });
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "whole", sizeBytes = 10 << 20 });
        appliance.Status.Look();
        _state = ComponentState.Failed;
        _keys = [$"volumes/{appliance.Manager.Volumes.Single(volume => volume.Name == "hit").Uuid}/01/0000000000000001", "superblock"];
        appliance.Status.Look();
        appliance.Status.Look();
        var told = appliance.Services.Events.List(long.MaxValue, Severity.Error, 10).Single(happened => happened.Code == EventCode.PoolComponent);
        Assert.AreEqual("pool component /disk/a", told.Subject);
        StringAssert.Contains(told.Message, "Only it has data of hit.");
        var (_, pool) = await appliance.SendAsync(HttpMethod.Get, "pool");
        Assert.AreEqual("hit", pool.GetProperty("components")[0].GetProperty("volumes").EnumerateArray().Single().GetString());
        StringAssert.Contains(appliance.Status.WriteMetrics(), "lunaria_pool_component_failed{component=\"/disk/a\"} 1");
    }

    [TestMethod]
    [FiresEvent(EventCode.PoolMending)]
    public async Task How_often_objects_are_stored_is_set_and_what_lacks_copies_is_an_event_and_a_metric()
    {
        await using var appliance = await TestAppliance.StartAsync(pool: Access());
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Put, "pool/copies", new { copies = 3 })).Status);
        var (_, set) = await appliance.SendAsync(HttpMethod.Put, "pool/copies", new { copies = 2 });
        Assert.AreEqual(2, set.GetProperty("copies").GetInt32());
        _mending = new MendingView(7, 7000, 1000, null);
        appliance.Status.Look();
        StringAssert.Contains(appliance.Status.WriteMetrics(), "lunaria_pool_mending_bytes 6000");
        StringAssert.Contains(appliance.Status.WriteMetrics(), "lunaria_pool_repaired_copies_total 3");
        _mending = _mending with { DoneBytes = 7000, Cause = "There is no space." };
        appliance.Status.Look();
        _mending = null;
        appliance.Status.Look();
        appliance.Status.Look();
        var told = appliance.Services.Events.List(long.MaxValue, Severity.Information, 10).Where(happened => happened.Code == EventCode.PoolMending).ToArray();
        CollectionAssert.AreEqual(new[] { Severity.Information, Severity.Error, Severity.Warning }, told.Select(happened => happened.Severity).ToArray());
        StringAssert.Contains(told[1].Message, "There is no space.");
    }

    private PoolAccess Access(Func<Action<long, long>, Task>? evacuate = null) => new(
        () => new PoolView(
            "default", Guid.Empty, 1, 4 << 20, PoolSpaceState.Ok, 1 << 20, 1 << 19, 0, 1 << 19, 0, 0, null, _copies, _mending, 3, [],
            [new ComponentView("/disk/a", Id, false, _state, 1 << 20, 800, _state == ComponentState.Failed ? "It is gone." : null)], []),
        _ => Task.CompletedTask,
        (_, progress, _) => evacuate?.Invoke(progress) ?? Task.CompletedTask,
        _ => throw new ObjectStoreException(ObjectStoreError.Fatal, "It holds objects: evacuate it first."),
        copies => Task.FromResult(_copies = copies),
        _ => _keys,
        (_, _) => { });
}

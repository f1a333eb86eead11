using System.Net;
using System.Text.Json;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Limits of volumes by API.</summary>
[TestClass]
public sealed class LimitApiTests
{
    [TestMethod]
    public async Task Limits_are_set_whole_and_taken_back_and_shown_with_the_volume()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 1 << 20 });
        var (status, volume) = await appliance.SendAsync(HttpMethod.Put, "volumes/v/limits", new { operationsPerSecond = 100, bytesPerSecond = 1 << 20, burstBytes = 1 << 22, floorOperationsPerSecond = 50, dirtyBytes = 1L << 30 });
        Assert.AreEqual(HttpStatusCode.OK, status);
        Assert.AreEqual(1 << 22, volume.GetProperty("limits").GetProperty("burstBytes").GetInt32());
        Assert.AreEqual(100, appliance.Manager.Find("v")!.Limits.OperationsPerSecond);
        Assert.AreEqual(1L << 30, appliance.Manager.Find("v")!.Limits.DirtyBytes);
        Assert.AreEqual(1L << 30, volume.GetProperty("limits").GetProperty("dirtyBytes").GetInt64());
        (status, volume) = await appliance.SendAsync(HttpMethod.Put, "volumes/v/limits", new { operationsPerSecond = 200 });
        Assert.AreEqual(JsonValueKind.Null, volume.GetProperty("limits").GetProperty("burstBytes").ValueKind);
        var (refused, problem) = await appliance.SendAsync(HttpMethod.Put, "volumes/v/limits", new { operationsPerSecond = 1 });
        Assert.AreEqual(HttpStatusCode.BadRequest, refused);
        StringAssert.Contains(problem.GetProperty("detail").GetString(), "10 or more");
        Assert.AreEqual(HttpStatusCode.OK, (await appliance.SendAsync(HttpMethod.Put, "volumes/v/limits", new { })).Status);
        Assert.IsNull(appliance.Manager.Find("v")!.Limits.OperationsPerSecond);
    }
}

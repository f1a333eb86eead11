using System.Net;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>The read cache over the API.</summary>
[TestClass]
public sealed class CacheApiTests
{
    [TestMethod]
    public async Task Devices_and_volumes_parts_are_changed_and_shown()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = 1 << 20 });
        var (status, cache) = await appliance.SendAsync(HttpMethod.Post, "cache/devices", new { path = "flash.lcache", sizeBytes = 8 << 20 });
        Assert.AreEqual(HttpStatusCode.OK, status, cache.ToString());
        var device = cache.GetProperty("devices")[0];
        Assert.AreEqual(Path.Combine(appliance.DataDirectory, "flash.lcache"), device.GetProperty("path").GetString());
        Assert.IsGreaterThan(7L << 20, cache.GetProperty("capacityBytes").GetInt64());

        var (_, part) = await appliance.SendAsync(HttpMethod.Patch, "cache/volumes/v", new { by = "content", when = "onWrite", limitBytes = 4 << 20, reserveBytes = 1 << 20 });
        Assert.AreEqual("content", part.GetProperty("by").GetString());
        (_, part) = await appliance.SendAsync(HttpMethod.Patch, "cache/volumes/v", new { when = "none" });
        Assert.AreEqual("content none 4194304 1048576", $"{part.GetProperty("by")} {part.GetProperty("when")} {part.GetProperty("limitBytes")} {part.GetProperty("reserveBytes")}");
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Patch, "cache/volumes/v", new { reserveBytes = 7 << 20, limitBytes = 0 })).Status, "nothing is left for others");
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Patch, "cache/volumes/w", new { when = "none" })).Status);

        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Post, "cache/devices", new { path = "flash.lcache", sizeBytes = 8 << 20 })).Status);
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.SendAsync(HttpMethod.Post, "cache/devices", new { path = "../x", sizeBytes = 8 << 20 })).Status);
        (status, cache) = await appliance.SendAsync(HttpMethod.Delete, "cache/devices?path=flash.lcache");
        Assert.AreEqual(HttpStatusCode.OK, status, cache.ToString());
        Assert.AreEqual(0, cache.GetProperty("devices").GetArrayLength());
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Delete, "cache/devices?path=flash.lcache")).Status);
        StringAssert.Contains(await appliance.Client.GetStringAsync("/metrics"), "lunaria_cache_hit_bytes_total{volume=\"v\"} 0");
    }
}

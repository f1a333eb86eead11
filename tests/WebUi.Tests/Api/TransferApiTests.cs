using System.Net;
using System.Net.Http.Headers;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>Export and import by API.</summary>
[TestClass]
public sealed class TransferApiTests
{
    private const int SizeBytes = 4 << 20;

    [TestMethod]
    public async Task A_volume_goes_out_and_in_again_with_its_changes_and_a_broken_one_is_resumed()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "v", sizeBytes = SizeBytes });
        var volume = appliance.Manager.Find("v")!;
        var content = new byte[SizeBytes];
        new Random(1).NextBytes(content);
        await volume.WriteAsync(0, content, durable: false);
        await appliance.SendAsync(HttpMethod.Post, "volumes/v/snapshots", new { name = "one" });
        content.AsSpan(8192, 4096).Fill(7);
        await volume.WriteAsync(8192, content.AsMemory(8192, 4096), durable: false);
        await appliance.SendAsync(HttpMethod.Post, "volumes/v/snapshots", new { name = "two" });
        var whole = await appliance.Client.GetByteArrayAsync("/api/v1/volumes/v/snapshots/one/export");
        var changes = await appliance.Client.GetByteArrayAsync("/api/v1/volumes/v/snapshots/two/export?since=one");
        Assert.IsLessThan(10_000, changes.Length);

        Assert.AreEqual(HttpStatusCode.BadRequest, await ImportAsync(appliance, "copy", whole[..^100_000]));
        var import = (await appliance.SendAsync(HttpMethod.Get, "volumes/copy/import")).Answer;
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = "iqn.2026-11.test:t" });
        Assert.AreEqual(HttpStatusCode.Conflict, (await appliance.SendAsync(HttpMethod.Post, "targets/iqn.2026-11.test:t/luns", new { volume = "copy" })).Status, "half a volume");
        var rest = await appliance.Client.GetByteArrayAsync($"/api/v1/volumes/v/snapshots/one/export?offset={import.GetProperty("offsetBytes")}&hash={import.GetProperty("hash")}");
        Assert.AreEqual(HttpStatusCode.OK, await ImportAsync(appliance, "copy", rest, "?resume=true"));
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.SendAsync(HttpMethod.Get, "volumes/copy/import")).Status);
        Assert.AreEqual(HttpStatusCode.OK, await ImportAsync(appliance, "copy", changes));
        var taken = new byte[SizeBytes];
        await appliance.Manager.Find("copy")!.ReadAsync(0, taken);
        CollectionAssert.AreEqual(content, taken);

        await appliance.SendAsync(HttpMethod.Post, "targets/iqn.2026-11.test:t/luns", new { volume = "copy" });
        Assert.AreEqual(HttpStatusCode.Conflict, await ImportAsync(appliance, "copy", changes), "it is mapped");
        Assert.AreEqual(HttpStatusCode.Conflict, await ImportAsync(appliance, "v", whole), "it is there");
        Assert.AreEqual(HttpStatusCode.BadRequest, await ImportAsync(appliance, "other", changes[1..]));
        Assert.AreEqual(HttpStatusCode.BadRequest, (await appliance.Client.GetAsync("/api/v1/volumes/v/snapshots/one/export?offset=4096")).StatusCode);
        Assert.AreEqual(HttpStatusCode.NotFound, (await appliance.Client.GetAsync("/api/v1/volumes/v/snapshots/none/export")).StatusCode);
    }

    private static async Task<HttpStatusCode> ImportAsync(TestAppliance appliance, string name, byte[] stream, string query = "")
    {
        using var content = new ByteArrayContent(stream);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await appliance.Client.PostAsync($"/api/v1/volumes/{name}/import{query}", content);
        return response.StatusCode;
    }
}

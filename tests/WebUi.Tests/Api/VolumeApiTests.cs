using System.Net;

namespace Lunaria.WebUi.Tests.Api;

[TestClass]
public sealed class VolumeApiTests
{
    private const long GiB = 1L << 30;

    [TestMethod]
    public async Task A_volume_is_created_once_and_shown_by_name_and_uuid()
    {
        await using var appliance = await TestAppliance.StartAsync();
        var (status, made) = await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 64 * GiB });
        Assert.AreEqual(HttpStatusCode.Created, status);
        var (again, same) = await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 64 * GiB });
        Assert.AreEqual(HttpStatusCode.OK, again);
        Assert.AreEqual(made.GetProperty("uuid").GetGuid(), same.GetProperty("uuid").GetGuid());
        Assert.AreEqual("a", (await appliance.SendAsync(HttpMethod.Get, $"volumes/{made.GetProperty("uuid").GetGuid()}")).Answer.GetProperty("name").GetString());
        Assert.AreEqual(64 * GiB, (await appliance.SendAsync(HttpMethod.Get, "volumes/a")).Answer.GetProperty("sizeBytes").GetInt64());
        Assert.AreEqual(1, (await appliance.SendAsync(HttpMethod.Get, "volumes")).Answer.GetArrayLength());
        var entry = (await appliance.SendAsync(HttpMethod.Get, "audit")).Answer.EnumerateArray().Single();
        Assert.AreEqual("volume.create", entry.GetProperty("action").GetString());
        Assert.AreEqual("a", entry.GetProperty("after").GetProperty("name").GetString());
        Assert.AreEqual("token file", entry.GetProperty("who").GetString());
    }

    [TestMethod]
    public async Task A_name_with_another_size_is_a_conflict()
    {
        await using var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = GiB });
        var (status, problem) = await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 2 * GiB });
        Assert.AreEqual(HttpStatusCode.Conflict, status);
        Assert.AreEqual("urn:lunaria:problem:exists", problem.GetProperty("type").GetString());
        StringAssert.Contains(problem.GetProperty("detail").GetString(), "exists with 1073741824 bytes");
    }

    [TestMethod]
    [DataRow("""{ "name": "a b", "sizeBytes": 1048576 }""", "name")]
    [DataRow("""{ "name": "", "sizeBytes": 1048576 }""", "name")]
    [DataRow("""{ "name": "a", "sizeBytes": 1048577 }""", "sizeBytes")]
    [DataRow("""{ "name": "a", "sizeBytes": -4096 }""", "sizeBytes")]
    [DataRow("""{ "name": "a", "sizeBytes": 140737488355328 }""", "sizeBytes")]
    [DataRow("""{ "name": "a", "sizeBytes": "1GiB" }""", "sizeBytes")]
    [DataRow("""{ "name": null, "sizeBytes": 1048576 }""", "name")]
    [DataRow("""{ "name": "a", "sizeBytes": 1048576, "color": 1 }""", "color")]
    [DataRow("""{ "name": "a" }""", "sizeBytes")]
    [DataRow("[]", null)]
    [DataRow("{", null)]
    public async Task A_wrong_request_is_refused_by_field(string body, string? field)
    {
        await using var appliance = await TestAppliance.StartAsync();
        using var response = await appliance.Client.PostAsync("/api/v1/volumes", new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")));
        Assert.AreEqual(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.AreEqual("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        if (field != null)
            StringAssert.Contains(text, field);
        Assert.DoesNotContain("Lunaria.WebUi", text, "no name of a type");
        Assert.IsEmpty(appliance.Manager.Volumes);
    }

    [TestMethod]
    public async Task What_is_not_there_is_a_problem_with_a_type()
    {
        await using var appliance = await TestAppliance.StartAsync();
        foreach (var (method, path, type, status) in new[]
        {
            (HttpMethod.Get, "volumes/none", "not-found", HttpStatusCode.NotFound),
            (HttpMethod.Get, "nothing", "no-such-operation", HttpStatusCode.NotFound),
            (HttpMethod.Put, "volumes", "no-such-operation", HttpStatusCode.MethodNotAllowed),
        })
        {
            var (found, problem) = await appliance.SendAsync(method, path);
            Assert.AreEqual(status, found, path);
            Assert.AreEqual($"urn:lunaria:problem:{type}", problem.GetProperty("type").GetString());
        }
    }
}

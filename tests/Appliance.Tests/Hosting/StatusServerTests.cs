using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lunaria.WebUi;
using Lunaria.WebUi.Status;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Appliance.Tests.Hosting;

[TestClass]
public sealed class StatusServerTests
{
    private static readonly IPEndPoint Any = new(IPAddress.Loopback, 0);

    [TestMethod]
    [DataRow("starting", HttpStatusCode.ServiceUnavailable)]
    [DataRow("ready", HttpStatusCode.OK)]
    public async Task Readiness_follows_the_state_and_health_does_not(string state, HttpStatusCode readiness)
    {
        await using var server = await StartAsync(state);
        using var client = new HttpClient { BaseAddress = server.Url };
        Assert.AreEqual(HttpStatusCode.OK, (await client.GetAsync("/healthz")).StatusCode);
        Assert.AreEqual(readiness, (await client.GetAsync("/readyz")).StatusCode);
        var report = await client.GetFromJsonAsync<JsonElement>("/api/v1/status");
        Assert.AreEqual(state, report.GetProperty("state").GetString());
        Assert.AreEqual(HttpStatusCode.NotFound, (await client.GetAsync("/nowhere")).StatusCode);
    }

    [TestMethod]
    public async Task A_page_of_elsewhere_cannot_read_it_by_rebinding_its_name()
    {
        await using var server = await StartAsync("ready");
        using var client = new HttpClient { BaseAddress = server.Url };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/status");
        request.Headers.Host = "evil.example";
        Assert.AreEqual(HttpStatusCode.BadRequest, (await client.SendAsync(request)).StatusCode);
    }

    [TestMethod]
    public async Task Only_the_loopback_is_served() =>
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => StatusServer.StartAsync(new IPEndPoint(IPAddress.Any, 0), () => Report("ready"), NullLoggerFactory.Instance));

    [TestMethod]
    public async Task A_taken_port_is_an_io_error()
    {
        await using var server = await StartAsync("ready");
        await Assert.ThrowsAsync<IOException>(() =>
            StatusServer.StartAsync(new IPEndPoint(IPAddress.Loopback, server.Url.Port), () => Report("ready"), NullLoggerFactory.Instance));
    }

    private static Task<StatusServer> StartAsync(string state) => StatusServer.StartAsync(Any, () => Report(state), NullLoggerFactory.Instance);

    private static StatusReport Report(string state) => new() { Version = "1", State = state, UptimeSeconds = 1 };
}

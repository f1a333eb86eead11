using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Lunaria.Appliance.Hosting;

namespace Lunaria.Appliance.Tests.Hosting;

/// <summary>Metrics to an OpenTelemetry collector.</summary>
[TestClass]
public sealed class MetricsExportTests
{
    [TestMethod]
    public async Task A_collector_gets_what_is_measured_at_the_latest_at_the_end()
    {
        using var collector = new TcpListener(IPAddress.Loopback, 0);
        collector.Start();
        var received = ReceiveAsync(collector);
        using var meter = new Meter("Lunaria");
        meter.CreateObservableGauge("lunaria_some_gauge", () => 42);
        var export = MetricsExport.Begin(new Uri($"http://{collector.LocalEndpoint}"), meter.Name)!;
        await Task.Run(export.Dispose);
        var request = await received;
        StringAssert.StartsWith(request, "POST /v1/metrics HTTP/1.1");
        StringAssert.Contains(request, "lunaria_some_gauge");
        StringAssert.Contains(request, "service.name");
        Assert.IsNull(MetricsExport.Begin(null, meter.Name));
    }

    private static async Task<string> ReceiveAsync(TcpListener collector)
    {
        using var client = await collector.AcceptTcpClientAsync();
        var stream = client.GetStream();
        var text = new StringBuilder();
        var buffer = new byte[65536];
        while (!text.ToString().Contains("lunaria_some_gauge", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer);
            Assert.AreNotEqual(0, count, "the exporter has gone");
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        return text.ToString();
    }
}

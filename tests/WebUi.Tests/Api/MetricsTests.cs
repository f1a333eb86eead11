using System.Net;
using System.Text.RegularExpressions;
using Lunaria.Backends;
using Lunaria.Testing;

namespace Lunaria.WebUi.Tests.Api;

/// <summary>/metrics, and the files that name what it measures.</summary>
[TestClass]
public sealed partial class MetricsTests
{
    private const string Iqn = "iqn.2026-11.test:t";

    [TestMethod]
    public async Task Every_metric_of_dashboard_and_alerts_exists_and_every_metric_is_on_the_dashboard()
    {
        await using var appliance = await StartAsync();
        var text = await appliance.Client.GetStringAsync("/metrics");
        var measured = MetricName().Matches(text).Select(match => match.Value).ToHashSet();
        Assert.IsGreaterThan(20, measured.Count);
        var monitoring = Path.Combine(FindRoot(), "docs", "monitoring");
        foreach (var file in Directory.EnumerateFiles(monitoring))
        {
            var named = MetricName().Matches(await File.ReadAllTextAsync(file)).Select(match => match.Value).ToHashSet();
            Assert.IsNotEmpty(named, file);
            Assert.AreEqual("", string.Join(' ', named.Except(measured)), file);
        }

        var dashboard = await File.ReadAllTextAsync(Path.Combine(monitoring, "lunaria-dashboard.json"));
        Assert.AreEqual("lunaria_process_cpu_seconds_total", string.Join(' ', measured.Where(name => !dashboard.Contains(name, StringComparison.Ordinal))));
    }

    [TestMethod]
    public async Task What_hosts_do_is_counted()
    {
        await using var appliance = await StartAsync();
        using var host = new ScriptedInitiator(appliance.Portal);
        host.Login(Iqn);
        host.ClearUnitAttention();
        Assert.AreEqual(0, host.Write(0, new byte[8192]).Status);
        Assert.AreEqual(0, host.Read(0, 8).Status);
        var text = await appliance.Client.GetStringAsync("/metrics");
        foreach (var sample in (string[])[
            "lunaria_volume_writes_total{volume=\"a\"} 1\n", "lunaria_volume_written_bytes_total{volume=\"a\"} 8192\n", "lunaria_volume_read_bytes_total{volume=\"a\"} 4096\n",
            $"lunaria_sessions{{target=\"{Iqn}\"}} 1\n", "lunaria_volume_size_bytes{volume=\"a\"} 1073741824\n", "lunaria_engine_health{state=\"Online\"} 1\n",
            "# TYPE lunaria_volume_writes_total counter\n", "# TYPE lunaria_volume_write_duration_seconds histogram\n",
            "lunaria_volume_write_duration_seconds_count{volume=\"a\"} 1\n", "lunaria_volume_read_duration_seconds_bucket{volume=\"a\",le=\"+Inf\"} 1\n"])
            StringAssert.Contains(text, sample);
    }

    [TestMethod]
    public async Task What_parts_record_becomes_a_histogram_with_a_last_step_for_all_that_took_longer()
    {
        await using var appliance = await StartAsync();
        var durations = appliance.Status.Meter.CreateHistogram<double>("lunaria_test_duration_seconds", "s", "A test.");
        durations.Record(0.000008, new KeyValuePair<string, object?>("operation", "put"));
        durations.Record(100, new KeyValuePair<string, object?>("operation", "put"));
        var text = await appliance.Client.GetStringAsync("/metrics");
        foreach (var sample in (string[])[
            "# TYPE lunaria_test_duration_seconds histogram\n", "lunaria_test_duration_seconds_bucket{operation=\"put\",le=\"8E-06\"} 1\n",
            "lunaria_test_duration_seconds_bucket{operation=\"put\",le=\"16.777216\"} 1\n", "lunaria_test_duration_seconds_bucket{operation=\"put\",le=\"+Inf\"} 2\n",
            "lunaria_test_duration_seconds_sum{operation=\"put\"} 100.000008\n", "lunaria_test_duration_seconds_count{operation=\"put\"} 2\n"])
            StringAssert.Contains(text, sample);
    }

    [TestMethod]
    public async Task Only_who_may_read_sees_them()
    {
        await using var appliance = await StartAsync();
        using var nobody = appliance.Connect(null);
        Assert.AreEqual(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/metrics")).StatusCode);
    }

    private static async Task<TestAppliance> StartAsync()
    {
        var appliance = await TestAppliance.StartAsync();
        await appliance.SendAsync(HttpMethod.Post, "volumes", new { name = "a", sizeBytes = 1 << 30 });
        await appliance.SendAsync(HttpMethod.Post, "targets", new { iqn = Iqn, initiators = new[] { "*" } });
        await appliance.SendAsync(HttpMethod.Post, $"targets/{Iqn}/luns", new { volume = "a" });
        // What the program gives to the disk of its log, to its engine and to its store.
        foreach (var part in (string[])["log_flush", "cache_read", "collection_round"])
            appliance.Status.Meter.CreateHistogram<double>($"lunaria_{part}_duration_seconds", "s", "").Record(0.001);
        await using var store = new MeteredStore(new MemoryObjectStore(), appliance.Status.Meter);
        await store.PutIfAbsentAsync("a", new byte[1], CancellationToken.None);
        return appliance;
    }

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Lunaria.slnx")))
            directory = Path.GetDirectoryName(directory)!;
        return directory;
    }

    [GeneratedRegex(@"\blunaria_[a-z_]+")]
    private static partial Regex MetricName();
}

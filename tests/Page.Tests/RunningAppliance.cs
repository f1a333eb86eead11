using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lunaria.Appliance.Tests;

namespace Lunaria.Page.Tests;

/// <summary>The built program with a data directory of its own, on free ports of the loopback; can be stopped and started again at the same address.</summary>
internal sealed partial class RunningAppliance : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private LunariaProcess _process = null!;
    private HttpClient? _client;

    public Uri Url { get; private set; } = null!;

    public string Portal { get; private set; } = "";

    /// <summary>The one-time code of the first run; empty where somebody has a password.</summary>
    public string Code { get; private set; } = "";

    public string DataDirectory => _directory["data"];

    public static async Task<RunningAppliance> StartAsync()
    {
        var appliance = new RunningAppliance();
        await appliance.WriteSettingsAsync("127.0.0.1:0", "127.0.0.1:0");
        await appliance.RunAsync();
        await appliance.WriteSettingsAsync(appliance.Url.Authority, appliance.Portal);
        return appliance;
    }

    /// <summary>Stops it in order.</summary>
    public async Task StopAsync()
    {
        _client?.Dispose();
        _client = null;
        _process.Signal(PosixSignal.SIGTERM);
        var (code, error) = await _process.WaitAsync();
        Assert.AreEqual(0, code, error);
        _process.Dispose();
    }

    /// <summary>Starts it at the address where it was.</summary>
    public Task StartAgainAsync() => RunAsync();

    /// <summary>Asks the API with the token of the data directory.</summary>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/{path}");
        if (body != null)
            request.Content = JsonContent.Create(body);
        using var response = await Client().SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.IsTrue(response.IsSuccessStatusCode, $"{method} {path}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        await _process.KillAsync();
        _process.Dispose();
        _directory.Dispose();
    }

    private async Task RunAsync()
    {
        _process = LunariaProcess.Start(_directory.FullPath, "run", "--config", _directory["appliance.json"]);
        var ready = await _process.WaitReadyAsync();
        (Url, Portal) = (new Uri(ready.Web), ready.Portals[0].ToString());
        Code = CodeLine().Match(_process.Output).Groups[1].Value;
    }

    private Task WriteSettingsAsync(string web, string portal) => File.WriteAllTextAsync(_directory["appliance.json"], JsonSerializer.Serialize(new
    {
        schemaVersion = 1,
        dataDirectory = "data",
        iscsi = new { portals = new[] { portal }, drainTimeout = "1s" },
        pool = new { components = new[] { new { path = "pool/0.lpool", size = "8GiB" } } },
        log = new { size = "256MiB" },
        web = new { listen = web },
    }));

    private HttpClient Client()
    {
        if (_client != null)
            return _client;
        var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        _client = new HttpClient(handler) { BaseAddress = Url };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", File.ReadAllText(Path.Combine(DataDirectory, "web", "token")).Trim());
        return _client;
    }

    [GeneratedRegex(@"the code ([A-Z0-9-]+) is good")]
    private static partial Regex CodeLine();
}

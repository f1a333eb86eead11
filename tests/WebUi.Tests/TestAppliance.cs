using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Lunaria.Appliance.Targets;
using Lunaria.Iscsi;
using Lunaria.Testing;
using Lunaria.Volumes;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Hosting;
using Lunaria.WebUi.Security;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.WebUi.Tests;

/// <summary>A whole appliance in the test's process: engine on a simulated disk, target and API on free ports of the loopback.</summary>
internal sealed class TestAppliance : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private CatalogDatabase _catalog = null!;
    private IscsiServer _server = null!;
    private PoolAccess? _pool;
    private WebServer? _web;
    private X509Certificate2 _certificate = null!;

    public MemoryObjectStore Store { get; } = new();

    public SimDisk CacheDisk { get; } = new();

    public VolumeManager Manager { get; private set; } = null!;

    public ApplianceServices Services { get; private set; } = null!;

    public ApplianceStatus Status { get; } = new("1.2.3", TimeProvider.System);

    public IPEndPoint Portal => _server.Portals[0];

    public string DataDirectory => _directory.FullPath;

    public string AdministratorToken { get; private set; } = "";

    /// <summary>A client with the administrator's token.</summary>
    public HttpClient Client { get; private set; } = null!;

    public static async Task<TestAppliance> StartAsync(TimeProvider? time = null, bool ready = true, TimeProvider? engineTime = null, PoolAccess? pool = null, Action<string>? prepare = null)
    {
        var appliance = new TestAppliance { _pool = pool };
        prepare?.Invoke(appliance.DataDirectory);
        await appliance.OpenAsync(time ?? TimeProvider.System, ready, engineTime ?? TimeProvider.System);
        return appliance;
    }

    /// <summary>A client that shows <paramref name="token"/>, or nothing.</summary>
    public HttpClient Connect(string? token)
    {
        var handler = new SocketsHttpHandler { UseCookies = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented!.GetRawCertData().SequenceEqual(_certificate.RawData);
        var client = new HttpClient(handler) { BaseAddress = _web!.Url };
        if (token != null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>Sends JSON as the administrator: the status and the answer (undefined where it is empty).</summary>
    public async Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/{path}");
        if (body != null)
            request.Content = JsonContent.Create(body);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _web!.DisposeAsync();
        Status.Dispose();
        await Services.DisposeAsync();
        await _server.DisposeAsync();
        _certificate.Dispose();
        _catalog.Dispose();
        await Manager.DisposeAsync();
        _directory.Dispose();
    }

    private async Task OpenAsync(TimeProvider time, bool ready, TimeProvider engineTime)
    {
        Directory.CreateDirectory(_directory["web"]);
        var options = new VolumesOptions { Log = new() { FileBytes = 1 << 20, SizeBytes = 8 << 20 }, MapMemoryBytes = 4 << 20, Cache = new() { OpenDisk = _ => CacheDisk } };
        Manager = await VolumeManager.OpenAsync(new SimDisk(), DataDirectory, Store, options, engineTime, NullLoggerFactory.Instance);
        _server = new IscsiServer(new IscsiServerOptions { Portals = [new IPEndPoint(IPAddress.Loopback, 0)], DrainTimeout = TimeSpan.FromSeconds(1) });
        _catalog = CatalogDatabase.Open(DataDirectory);
        AdministratorToken = TokenFile.Open(DataDirectory);
        Services = new ApplianceServices(
            Manager, _server, _catalog, SecretBox.Open(DataDirectory), AdministratorToken, (volume, unit) => new VolumeBlockDevice(Manager, volume, Store, unit.BlockBytes, unit.ReadOnly), new SettingsAccess(() => [], _ => Task.FromResult<IReadOnlyList<SettingChangeView>>([]), null), _pool, null, time);
        await _server.StartAsync();
        _certificate = WebCertificate.Open(DataDirectory, ["localhost", "127.0.0.1"], TimeProvider.System);
        _web = await WebServer.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), _certificate, Status, NullLoggerFactory.Instance);
        Client = Connect(AdministratorToken);
        if (ready)
            Status.Ready(Manager, Store, _server, Services);
    }
}

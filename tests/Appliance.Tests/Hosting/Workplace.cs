using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Lunaria.Testing;

namespace Lunaria.Appliance.Tests.Hosting;

/// <summary>A directory with a small configuration for runs of the program: one target, two LUNs, a log of 256 MiB, any free ports.</summary>
internal sealed class Workplace : IDisposable
{
    public const string Iqn = "iqn.2026-11.test:disks";

    private readonly TemporaryDirectory _directory = new();

    public Workplace(object? chap = null, string web = "off", string drainTimeout = "2s", object[]? luns = null, string? encryptionKey = null) =>
        Configure(chap, web, drainTimeout, luns, encryptionKey);

    public string FullPath => _directory.FullPath;

    public string Data => _directory["data"];

    public void Configure(object? chap = null, string web = "off", string drainTimeout = "2s", object[]? luns = null, string? encryptionKey = null)
    {
        var target = new Dictionary<string, object> { ["iqn"] = Iqn, ["luns"] = luns ?? [Lun(0, "v0", "1GiB"), Lun(1, "v1", "64TiB")] };
        if (chap != null)
            target["chap"] = chap;
        File.WriteAllText(_directory["appliance.json"], JsonSerializer.Serialize(new
        {
            schemaVersion = 1,
            iscsi = new { portals = new[] { "127.0.0.1:0" }, drainTimeout },
            backend = encryptionKey == null ? new Dictionary<string, string>() : new() { ["encryptionKey"] = encryptionKey },
            pool = new { components = new[] { new { path = "pool.0", size = "2GiB" } } },
            log = new { size = "256MiB" },
            map = new { memory = "16MiB" },
            web = new { listen = web },
            bootstrap = new { targets = new[] { target } },
        }));
    }

    /// <summary>Writes a key that only its owner may read; the setting that names it.</summary>
    public string WriteKey(string name, byte fill)
    {
        File.WriteAllText(_directory[name], Convert.ToHexStringLower(Enumerable.Repeat(fill, 32).ToArray()) + "\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_directory[name], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return $"file:{_directory[name]}";
    }

    public static object Lun(int lun, string volume, string size) => new { lun, volume, size };

    public LunariaProcess Start(params string[] arguments) => LunariaProcess.Start(FullPath, arguments);

    public Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => LunariaProcess.RunAsync(FullPath, arguments);

    public static ScriptedInitiator LogIn(IPEndPoint portal, params int[] luns)
    {
        var initiator = new ScriptedInitiator(portal);
        initiator.Login(Iqn);
        foreach (var lun in luns)
            initiator.ClearUnitAttention(lun);
        return initiator;
    }

    /// <summary>A client of the API with the token file's token, which trusts the certificate that the program made.</summary>
    public HttpClient Connect(ReadyLine ready)
    {
        var own = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(Data, "web", "certificate.pem")));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented!.GetRawCertData().SequenceEqual(own.RawData);
        var client = new HttpClient(handler) { BaseAddress = new Uri(ready.Web) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", File.ReadAllText(Path.Combine(Data, "web", "token")).Trim());
        return client;
    }

    public void Dispose() => _directory.Dispose();
}

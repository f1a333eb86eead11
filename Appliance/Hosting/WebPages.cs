using System.Net;
using System.Text;
using Lunaria.Appliance.Settings;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Hosting;
using Lunaria.WebUi.Security;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The API while it starts: the engine opens meanwhile, so it costs the start nothing. Its address lies in <c>web/url</c> of the data directory,
/// where the command line finds it. Owned by the run; one thread.
/// </summary>
internal sealed class WebPages : IAsyncDisposable
{
    private readonly WebSettings _settings;
    private readonly string _urlPath;
    private readonly Task<WebServer>? _starting;

    private WebPages(WebSettings settings, string urlPath, Task<WebServer>? starting) => (_settings, _urlPath, _starting) = (settings, urlPath, starting);

    /// <summary>Begins to start it; nothing where the settings turn it off.</summary>
    public static WebPages Begin(WebSettings settings, string dataDirectory, ApplianceStatus status, TimeProvider time, ILoggerFactory loggers)
    {
        var starting = settings.Listen == null ? null : Task.Run(() =>
        {
            var certificate = settings.Certificate == null
                ? WebCertificate.Open(dataDirectory, CertificateNames(settings.Listen), time)
                : WebCertificate.Load(settings.Certificate, settings.CertificateKey!);
            WebCertificate.Publish(dataDirectory, certificate);
            return WebServer.StartAsync(settings.Listen, certificate, status, loggers);
        });
        return new WebPages(settings, GetUrlPath(dataDirectory), starting);
    }

    /// <summary>Where the address lies.</summary>
    public static string GetUrlPath(string dataDirectory) => Path.Combine(dataDirectory, "web", "url");

    /// <summary>The address once it answers, null where there is none; <see cref="StartException"/> where the port is taken.</summary>
    public async Task<string?> GetUrlAsync()
    {
        if (_starting == null)
            return null;
        try
        {
            var url = (await _starting).Url.GetLeftPart(UriPartial.Authority);
            PrivateFile.Write(_urlPath, Encoding.UTF8.GetBytes(url + "\n"));
            return url;
        }
        catch (IOException e)
        {
            throw new StartException($"the API cannot listen on {_settings.Listen}: {e.Message} Choose another web.listen, or \"off\".", e);
        }
    }

    /// <summary>Closes it; a second call does nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(_urlPath);
        if (_starting == null)
            return;
        await _starting.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (_starting.IsCompletedSuccessfully)
            await (await _starting).DisposeAsync();
    }

    private static string[] CertificateNames(IPEndPoint listen) =>
        IPAddress.IsLoopback(listen.Address) || listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any)
            ? ["localhost", "127.0.0.1", "::1", Environment.MachineName.ToLowerInvariant()]
            : ["localhost", "127.0.0.1", "::1", Environment.MachineName.ToLowerInvariant(), listen.Address.ToString()];
}

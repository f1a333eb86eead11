using System.Net;
using Lunaria.WebUi.Hosting;
using Lunaria.WebUi.Status;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lunaria.WebUi;

/// <summary>
/// The status pages on the loopback: /healthz, /readyz and /api/v1/status. Owned by who started it; every request runs on threads of its own
/// and reads only what <c>status</c> gives.
/// </summary>
public sealed class StatusServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StatusServer(WebApplication app) => _app = app;

    /// <summary>The address that is really bound.</summary>
    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>
    /// Listens; IOException where the address is taken. <paramref name="listen"/> must be on the loopback: nobody is asked who he is.
    /// <paramref name="status"/> is called for each request, on any thread, and must not wait.
    /// </summary>
    public static async Task<StatusServer> StartAsync(IPEndPoint listen, Func<StatusReport> status, ILoggerFactory loggers)
    {
        if (!IPAddress.IsLoopback(listen.Address))
            throw new ArgumentException($"{listen} is not on the loopback", nameof(listen));

        // Nothing is read from the environment or from files beside the program: appliance.json alone decides.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Lunaria.WebUi" });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, PassiveLifetime>();
        builder.Services.AddRoutingCore();
        // A page of elsewhere that resolves its name to the loopback (DNS rebinding) is refused by its Host header.
        builder.Services.AddHostFiltering(options => options.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 100;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(listen);
        });

        var app = builder.Build();
        app.UseHostFiltering();
        app.UseRouting();
        app.MapGet("/healthz", (RequestDelegate)(context => context.Response.WriteAsync("alive\n")));
        app.MapGet("/readyz", (RequestDelegate)(context => AnswerReady(context, status())));
        app.MapGet("/api/v1/status", (RequestDelegate)(context => context.Response.WriteAsJsonAsync(status(), StatusJson.Default.StatusReport)));
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new StatusServer(app);
    }

    /// <summary>Ends the requests in progress and closes the port.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static Task AnswerReady(HttpContext context, StatusReport report)
    {
        context.Response.StatusCode = report.State == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync($"{report.State}\n");
    }
}

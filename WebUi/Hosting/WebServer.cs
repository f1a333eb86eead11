using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Endpoints;
using Lunaria.WebUi.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lunaria.WebUi.Hosting;

/// <summary>
/// HTTPS: the API, and what watches the process (/healthz, /readyz). Owned by the run, which starts it while the engine opens; until then the API
/// answers 503. Every request runs on threads of its own.
/// </summary>
public sealed class WebServer : IAsyncDisposable
{
    private const int MaxConnections = 200;
    private const int MaxBodyBytes = 64 << 10;

    private readonly WebApplication _app;

    private WebServer(WebApplication app) => _app = app;

    /// <summary>The address that is really bound.</summary>
    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Listens; IOException where the address is taken.</summary>
    public static async Task<WebServer> StartAsync(IPEndPoint listen, X509Certificate2 certificate, ApplianceStatus status, ILoggerFactory loggers)
    {
        // Nothing is read from the environment or from files beside the program: appliance.json alone decides.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Lunaria.WebUi" });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(status);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IHostLifetime, PassiveLifetime>();
        builder.Services.AddRoutingCore();
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddOpenApi(ApiDescription.DocumentName, ApiDescription.Configure);
        builder.Services.ConfigureHttpJsonOptions(options => Configure(options.SerializerOptions));
        if (IPAddress.IsLoopback(listen.Address))
        {
            // A page of elsewhere that resolves its name to the loopback (DNS rebinding) is refused by its Host header.
            builder.Services.AddHostFiltering(options => options.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        }

        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Listen(listen, endPoint => endPoint.UseHttps(certificate));
        });

        var app = builder.Build();
        if (IPAddress.IsLoopback(listen.Address))
            app.UseHostFiltering();
        app.Use(FailureAnswers.InvokeAsync);
        app.Use(new PageFiles().InvokeAsync);
        app.UseRouting();
        app.Use(Authentication.InvokeAsync);
        StatusEndpoints.MapHealth(app);
        ApiRoutes.Map(app);
        app.MapOpenApi($"/api/{{documentName}}/openapi.json").WithMetadata(new Needs(Scopes.Read));
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new WebServer(app);
    }

    /// <summary>Ends the requests in progress and closes the port.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void Configure(JsonSerializerOptions options)
    {
        options.TypeInfoResolverChain.Insert(0, ApiJson.Default);
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.WriteIndented = true;
    }
}

using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>The appliance at a glance.</summary>
internal static class StatusEndpoints
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/status", (ApplianceStatus status) => TypedResults.Ok(status.Report()))
            .Is("getStatus", Scopes.Read, "The appliance at a glance.").WithTags("status");

    /// <summary>For whoever watches the process: alive, and ready for hosts.</summary>
    public static void MapHealth(IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => TypedResults.Text("alive\n")).Is("healthz", Scopes.None, "The process is alive.").ExcludeFromDescription();
        app.MapGet("/metrics", (ApplianceStatus status) => TypedResults.Text(status.WriteMetrics(), PrometheusText.ContentType))
            .Is("metrics", Scopes.Read, "What is measured, as text for Prometheus.").ExcludeFromDescription();
        app.MapGet("/readyz", (ApplianceStatus status) =>
        {
            var report = status.Report();
            return TypedResults.Text($"{report.State}\n", statusCode: report.State == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        }).Is("readyz", Scopes.None, "Hosts' log-ins are answered.").ExcludeFromDescription();
    }
}

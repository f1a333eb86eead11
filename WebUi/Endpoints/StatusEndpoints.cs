using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>The appliance at a glance.</summary>
internal static class StatusEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/status", (ApplianceStatus status) => TypedResults.Ok(status.Report()))
            .Is("getStatus", Scopes.Read, "The appliance at a glance.").WithTags("status");
        api.MapGet("/load", (bool? day, ApiCall call) => TypedResults.Ok(call.Services.Load.GetHistory(day ?? false)))
            .Is("getLoad", Scopes.Read, "What hosts did in the last ten minutes by seconds, or with `day` in the last day by minutes.").WithTags("status");
        api.MapGet("/portal-addresses", (ApiCall call) => TypedResults.Ok(call.Services.Targets.ListPortalAddresses()))
            .Is("listPortalAddresses", Scopes.Read, "The addresses that hosts use, a wildcard replaced by those of this machine.").WithTags("status");
        api.MapGet("/capacity", (ApplianceStatus status, ApiCall call) => TypedResults.Ok(status.ReportCapacity()))
            .Is("getCapacity", Scopes.Read, "The space of the pool by hours, and in how many days it is full at this pace.").WithTags("status");
    }

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

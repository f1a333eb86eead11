using Lunaria.WebUi.Administration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>All endpoints of the API, one table per noun. Used once, when the server starts.</summary>
internal static class ApiRoutes
{
    /// <summary>Maps them under /api/v1.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1");
        StatusEndpoints.Map(api);
        VolumeEndpoints.Map(api);
        CacheEndpoints.Map(api);
        SnapshotEndpoints.Map(api);
        ScheduleEndpoints.Map(api);
        TransferEndpoints.Map(api);
        TargetEndpoints.Map(api);
        AccountEndpoints.Map(api);
        EventEndpoints.Map(api);
        JobEndpoints.Map(api);
        PoolEndpoints.Map(api);
        WatermarkEndpoints.Map(api);
        EncryptionEndpoints.Map(api);
        BackendEndpoints.Map(api);
        IntegrityEndpoints.Map(api);
        SystemEndpoints.Map(api);
    }

    /// <summary>What an endpoint is called, what it needs, and what it does in a sentence.</summary>
    public static RouteHandlerBuilder Is(this RouteHandlerBuilder endpoint, string name, Scopes needs, string summary) =>
        endpoint.WithName(name).WithSummary(summary).WithMetadata(new Needs(needs));
}

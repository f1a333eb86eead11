using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>When space counts as scarce.</summary>
internal static class WatermarkEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var watermarks = api.MapGroup("/watermarks").WithTags("watermarks");
        watermarks.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Watermarks.Show()))
            .Is("getWatermarks", Scopes.Read, "When space of the pool and of the write log counts as scarce, and how much volumes may promise.");
        watermarks.MapPatch("/", async (EditWatermarks wanted, ApiCall call) => TypedResults.Ok(await call.Services.Watermarks.EditAsync(call.Actor, wanted)))
            .Is("editWatermarks", Scopes.System, "Changes watermarks or the limit of what volumes promise, at once.");
    }
}

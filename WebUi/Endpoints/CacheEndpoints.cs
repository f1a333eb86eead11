using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>The read cache.</summary>
internal static class CacheEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var cache = api.MapGroup("/cache").WithTags("cache");
        cache.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Cache.Show()))
            .Is("showCache", Scopes.Read, "The read cache: devices, and each volume's part with its hit rate.");
        cache.MapPost("/devices", async (AddCacheDevice wanted, ApiCall call) => TypedResults.Ok(await call.Services.Cache.AddAsync(call.Actor, wanted)))
            .Is("addCacheDevice", Scopes.System, "Adds a file or block device to the cache, while it is used.");
        cache.MapDelete("/devices", async (string path, ApiCall call) => TypedResults.Ok(await call.Services.Cache.RemoveAsync(call.Actor, path)))
            .Is("removeCacheDevice", Scopes.System, "Takes a device out of the cache, while it is used; what it holds is forgotten.");
        cache.MapPatch("/volumes/{name}", async (string name, EditVolumeCache wanted, ApiCall call) =>
                TypedResults.Ok(await call.Services.Cache.EditAsync(call.Actor, name, wanted)))
            .Is("editVolumeCache", Scopes.Volumes, "Changes when and by what a volume's blocks are cached, its limit and its reserve; at once.");
    }
}

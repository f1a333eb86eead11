using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>The pool and its components.</summary>
internal static class PoolEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var pool = api.MapGroup("/pool").WithTags("pool");
        pool.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Pool.Show()))
            .Is("getPool", Scopes.Read, "The pool: its space, what is promised of it, its components and how far evacuations are.");
        pool.MapPut("/copies", async (PoolCopies wanted, ApiCall call) => TypedResults.Ok(await call.Services.Pool.SetCopiesAsync(call.Actor, wanted)))
            .Is("setPoolCopies", Scopes.System, "Stores each object on one or on two components from now on; what is there follows in the background.");
        pool.MapPost("/components", async (AddComponent wanted, ApiCall call) => TypedResults.Ok(await call.Services.Pool.AddAsync(call.Actor, wanted)))
            .Is("addComponent", Scopes.System, "Adds a file or a blank block device to the pool while hosts write; takes back one that is being evacuated; makes one anew that was set aside.");
        pool.MapPost("/components/{id}/evacuate", (string id, ApiCall call) => JobEndpoints.Begun(call.Services.Pool.Evacuate(call.Actor, id)))
            .Is("evacuateComponent", Scopes.System, "Begins to move all data from a component to the others: a job. Ended early it goes on when it is begun again.");
        pool.MapDelete("/components/{id}", async (string id, ApiCall call) =>
        {
            await call.Services.Pool.RemoveAsync(call.Actor, id);
            return TypedResults.NoContent();
        }).Is("removeComponent", Scopes.System, "Removes a component that is evacuated or set aside: a file is deleted, a device is left blank.");
    }
}

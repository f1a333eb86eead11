using Lunaria.WebUi.Administration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>What the store has, and has not yet.</summary>
internal static class BackendEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var backend = api.MapGroup("/backend").WithTags("backend");
        backend.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Backend.Show()))
            .Is("showBackend", Scopes.Read, "What is not in the store yet, how long it has waited, when the write log is full at this pace, and what could be rebuilt from the store alone.");
        backend.MapPost("/flush", (ApiCall call) => JobEndpoints.Begun(call.Services.Backend.Flush(call.Actor)))
            .Is("flushBackend", Scopes.System, "Begins to bring everything written so far into the store, and its catalog up to that: a job.");
    }
}

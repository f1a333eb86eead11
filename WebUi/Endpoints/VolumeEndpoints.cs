using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Volumes.</summary>
internal static class VolumeEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var volumes = api.MapGroup("/volumes").WithTags("volumes");
        volumes.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Volumes.List()))
            .Is("listVolumes", Scopes.Read, "All volumes.");
        volumes.MapPost("/", async Task<Results<Created<VolumeView>, Ok<VolumeView>>> (CreateVolume wanted, ApiCall call) =>
        {
            var (volume, created) = await call.Services.Volumes.CreateAsync(call.Actor, wanted);
            return created ? TypedResults.Created($"/api/v1/volumes/{volume.Name}", call.Tagged(volume)) : TypedResults.Ok(call.Tagged(volume));
        }).Is("createVolume", Scopes.Volumes, "Creates a volume; 200 where the same is there already.");
        volumes.MapGet("/{name}", (string name, ApiCall call) => TypedResults.Ok(call.Tagged(call.Services.Volumes.Show(name))))
            .Is("showVolume", Scopes.Read, "One volume, by name or uuid.");
        volumes.MapPatch("/{name}", async (string name, EditVolume wanted, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Volumes.EditAsync(call.Actor, name, wanted))))
            .Is("editVolume", Scopes.Volumes, "Renames a volume, changes its size (more is live, less loses the tail and must be meant), or makes it a template or an ordinary volume again.");
        volumes.MapGet("/{name}/space", async (string name, ApiCall call) => TypedResults.Ok(await call.Services.Volumes.MeasureAsync(name)))
            .Is("measureVolume", Scopes.Read, "What a volume takes with its snapshots; over all volumes that adds up to what the pool keeps alive.");
        volumes.MapPut("/{name}/limits", async (string name, LimitsView wanted, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Volumes.LimitAsync(call.Actor, name, wanted))))
            .Is("limitVolume", Scopes.Volumes, "Sets what a volume may do at most, all of it, live; an empty object limits nothing.");
        volumes.MapDelete("/{name}", async (string name, bool? snapshots, ApiCall call) =>
        {
            await call.Services.Volumes.DeleteAsync(call.Actor, name, snapshots ?? false);
            return TypedResults.NoContent();
        }).Is("deleteVolume", Scopes.Volumes, "Deletes a volume that is not mapped; its snapshots go with it only where `snapshots` is true.");
        volumes.MapPost("/{name}/recover", (string name, ApiCall call) => JobEndpoints.Begun(call.Services.Volumes.Recover(call.Actor, name)))
            .Is("recoverVolume", Scopes.Volumes, "Begins to bring a volume back from quarantine: puts its map right where that can be proven, and applies what was written meanwhile: a job.");
        volumes.MapPost("/{name}/flatten", (string name, ApiCall call) => JobEndpoints.Begun(call.Services.Volumes.Flatten(call.Actor, name)))
            .Is("flattenVolume", Scopes.Volumes, "Begins to make a clone independent of its origin: a job. Both stay in use.");
        volumes.MapPost("/{name}/promote", async (string name, ApiCall call) => TypedResults.Ok(call.Tagged(await call.Services.Volumes.PromoteAsync(call.Actor, name))))
            .Is("promoteVolume", Scopes.Volumes, "Gives a clone its origin's snapshots up to the one it was made of: it takes its origin's place.");
    }
}

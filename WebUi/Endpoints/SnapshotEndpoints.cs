using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Snapshots, clones and rollback.</summary>
internal static class SnapshotEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var snapshots = api.MapGroup("/volumes/{volume}/snapshots").WithTags("snapshots");
        snapshots.MapGet("/", (string volume, ApiCall call) => TypedResults.Ok(call.Services.Snapshots.List(volume)))
            .Is("listSnapshots", Scopes.Read, "A volume's snapshots, in the order in which they were taken.");
        snapshots.MapPost("/", async Task<Results<Created<SnapshotView>, Ok<SnapshotView>>> (string volume, CreateSnapshot wanted, ApiCall call) =>
        {
            var (snapshot, created) = await call.Services.Snapshots.CreateAsync(call.Actor, volume, wanted);
            return created ? TypedResults.Created($"/api/v1/volumes/{snapshot.Volume}/snapshots/{snapshot.Name}", snapshot) : TypedResults.Ok(snapshot);
        }).Is("createSnapshot", Scopes.Volumes, "Takes a snapshot while the volume is in use; 200 where one of that name is there.");
        snapshots.MapGet("/{name}", (string volume, string name, ApiCall call) => TypedResults.Ok(call.Tagged(call.Services.Snapshots.Show(volume, name))))
            .Is("showSnapshot", Scopes.Read, "One snapshot.");
        snapshots.MapGet("/{name}/space", async (string volume, string name, ApiCall call) => TypedResults.Ok(await call.Services.Snapshots.MeasureAsync(volume, name)))
            .Is("measureSnapshot", Scopes.Read, "What a snapshot takes; what its deletion would give back.");
        snapshots.MapGet("/{name}/changes/{newer}", async (string volume, string name, string newer, ApiCall call) =>
                TypedResults.Ok(await call.Services.Snapshots.CompareAsync(volume, name, newer)))
            .Is("listChanges", Scopes.Read, "The ranges that differ between a snapshot and a newer one of the same volume.");
        snapshots.MapPatch("/{name}", async (string volume, string name, EditSnapshot wanted, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Snapshots.EditAsync(call.Actor, volume, name, wanted))))
            .Is("editSnapshot", Scopes.Volumes, "Renames a snapshot, keeps it or lets go of it, or changes its labels.");
        snapshots.MapDelete("/{name}", async (string volume, string name, ApiCall call) =>
        {
            await call.Services.Snapshots.DeleteAsync(call.Actor, volume, name);
            return TypedResults.NoContent();
        }).Is("deleteSnapshot", Scopes.Volumes, "Deletes a snapshot; clones of it keep what they need.");
        snapshots.MapPost("/{name}/clone", async (string volume, string name, CloneSnapshot wanted, ApiCall call) =>
        {
            var clone = await call.Services.Snapshots.CloneAsync(call.Actor, volume, name, wanted);
            return TypedResults.Created($"/api/v1/volumes/{clone.Name}", call.Tagged(clone));
        }).Is("cloneSnapshot", Scopes.Volumes, "Makes a new volume of a snapshot, writable at once; they share their data.");
        snapshots.MapPost("/{name}/rollback", async (string volume, string name, RollBack wanted, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Snapshots.RollBackAsync(call.Actor, volume, name, wanted))))
            .Is("rollBackVolume", Scopes.Volumes, "Makes a volume what it was at a snapshot, size included; no host may be logged in.");
        api.MapPost("/snapshot-groups", async (CreateSnapshotGroup wanted, ApiCall call) =>
                TypedResults.Ok(await call.Services.Snapshots.CreateGroupAsync(call.Actor, wanted)))
            .Is("createSnapshotGroup", Scopes.Volumes, "Takes snapshots of several volumes at one point in the order of all their writes.").WithTags("snapshots");
    }
}

using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Checks, audits and garbage collection.</summary>
internal static class IntegrityEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var integrity = api.MapGroup("/integrity").WithTags("integrity");
        integrity.MapPost("/checks", (StartCheck wanted, ApiCall call) => JobEndpoints.Begun(call.Services.Integrity.Check(call.Actor, wanted)))
            .Is("startCheck", Scopes.Volumes, "Begins to check metadata, map and pool against each other, while volumes are in use: a job. Changes nothing.");
        integrity.MapGet("/checks/last", (ApiCall call) => TypedResults.Ok(call.Services.Integrity.LastCheck))
            .Is("showCheck", Scopes.Read, "What the last check has found.");
        integrity.MapPost("/audits", (StartAudit wanted, ApiCall call) => JobEndpoints.Begun(call.Services.Integrity.Audit(call.Actor, wanted)))
            .Is("startAudit", Scopes.System, "Begins to compare the objects of the pool with what is named; clears those that nothing names after a time: a job.");
        integrity.MapGet("/audits/last", (ApiCall call) => TypedResults.Ok(call.Services.Integrity.LastAudit))
            .Is("showAudit", Scopes.System, "What the last audit of the pool has found.");
        var verification = api.MapGroup("/scrub").WithTags("scrub");
        verification.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Integrity.ShowVerification()))
            .Is("showScrub", Scopes.Read, "Background verification: rate, progress, and what it has found.");
        verification.MapPatch("/", async (EditVerification wanted, ApiCall call) => TypedResults.Ok(await call.Services.Integrity.EditVerificationAsync(call.Actor, wanted)))
            .Is("editScrub", Scopes.System, "Changes how many bytes background verification reads a second; 0 = it rests.");
        api.MapPost("/backups", async (ApiCall call) => TypedResults.Ok(await call.Services.Backups.CreateAsync(call.Actor)))
            .Is("createBackup", Scopes.System, "Copies lunaria.db, while it is in use, to backups in the data directory; the newest 30 stay.").WithTags("backups");
        var collection = api.MapGroup("/gc").WithTags("gc");
        collection.MapGet("/", async (ApiCall call) => TypedResults.Ok(call.Tagged(await call.Services.Integrity.ShowCollectionAsync())))
            .Is("showGc", Scopes.Read, "Garbage collection: state, rate, and what it could give back of each volume.");
        collection.MapPatch("/", async (EditCollection wanted, ApiCall call) => TypedResults.Ok(call.Tagged(await call.Services.Integrity.EditCollectionAsync(call.Actor, wanted))))
            .Is("editGc", Scopes.System, "Pauses or resumes garbage collection, or changes its rate.");
        collection.MapPost("/run", (ApiCall call) => JobEndpoints.Begun(call.Services.Integrity.Collect(call.Actor)))
            .Is("runGc", Scopes.System, "Begins to collect all garbage that is worth it, now: a job.");
    }
}

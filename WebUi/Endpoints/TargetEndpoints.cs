using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Targets, their LUNs, who may log in, and the sessions.</summary>
internal static class TargetEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        MapTargets(api.MapGroup("/targets").WithTags("targets"));
        MapLuns(api.MapGroup("").WithTags("luns"));
        MapInitiators(api.MapGroup("").WithTags("initiators"));
        MapSessions(api.MapGroup("/sessions").WithTags("sessions"));
    }

    private static void MapTargets(RouteGroupBuilder targets)
    {
        targets.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Targets.List()))
            .Is("listTargets", Scopes.Read, "All targets.");
        targets.MapPost("/", async Task<Results<Created<TargetView>, Ok<TargetView>>> (CreateTarget wanted, ApiCall call) =>
        {
            var (target, created) = await call.Services.Targets.CreateAsync(call.Actor, wanted);
            return created ? TypedResults.Created($"/api/v1/targets/{target.Iqn}", call.Tagged(target)) : TypedResults.Ok(call.Tagged(target));
        }).Is("createTarget", Scopes.Targets, "Creates a target; 200 where the same is there already.");
        targets.MapGet("/{iqn}", (string iqn, ApiCall call) => TypedResults.Ok(call.Tagged(call.Services.Targets.Show(iqn))))
            .Is("showTarget", Scopes.Read, "One target.");
        targets.MapDelete("/{iqn}", async (string iqn, bool? force, ApiCall call) =>
        {
            await call.Services.Targets.DeleteAsync(call.Actor, iqn, force ?? false);
            return TypedResults.NoContent();
        }).Is("deleteTarget", Scopes.Targets, "Deletes a target with its LUNs; the volumes stay. With force also where hosts are logged in.");
        targets.MapPut("/{iqn}/portals", async (string iqn, bool? force, SetTargetPortals wanted, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Targets.SetPortalsAsync(call.Actor, iqn, wanted, force ?? false))))
            .Is("setTargetPortals", Scopes.Targets, "Shows a target on these portals only, as a portal group. With force also where hosts are logged in: their sessions end.");
        targets.MapPut("/{iqn}/redirect", async (string iqn, SetRedirect wanted, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Targets.SetRedirectAsync(call.Actor, iqn, wanted))))
            .Is("setRedirect", Scopes.Targets, "Sends hosts that log in to a target elsewhere; with move those that are logged in are asked to come again.");
        targets.MapDelete("/{iqn}/redirect", async (string iqn, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Targets.SetRedirectAsync(call.Actor, iqn, null))))
            .Is("removeRedirect", Scopes.Targets, "Lets hosts log in to a target here again.");
    }

    private static void MapLuns(RouteGroupBuilder api)
    {
        api.MapGet("/luns", (ApiCall call) => TypedResults.Ok(call.Services.Luns.List()))
            .Is("listLuns", Scopes.Read, "All LUNs of all targets.");
        api.MapPost("/targets/{iqn}/luns", async Task<Results<Created<LunView>, Ok<LunView>>> (string iqn, MapLun wanted, ApiCall call) =>
        {
            var (lun, created) = await call.Services.Luns.MapAsync(call.Actor, iqn, wanted);
            return created ? TypedResults.Created($"/api/v1/targets/{iqn}/luns/{lun.Lun}", lun) : TypedResults.Ok(lun);
        }).Is("mapLun", Scopes.Targets, "Shows a volume, or a snapshot read-only, to the hosts of a target; 200 where it is shown there already.");
        api.MapDelete("/targets/{iqn}/luns/{lun:int}", async (string iqn, int lun, ApiCall call) =>
        {
            await call.Services.Luns.UnmapAsync(call.Actor, iqn, lun);
            return TypedResults.NoContent();
        }).Is("unmapLun", Scopes.Targets, "Takes a LUN away from the hosts of a target; the volume stays.");
    }

    private static void MapInitiators(RouteGroupBuilder api)
    {
        api.MapGet("/initiators", (ApiCall call) => TypedResults.Ok(call.Services.Access.ListAll()))
            .Is("listAllInitiators", Scopes.Read, "Who may log in to which target.");
        var initiators = api.MapGroup("/targets/{iqn}/initiators");
        initiators.MapGet("/", (string iqn, ApiCall call) => TypedResults.Ok(call.Services.Access.List(iqn)))
            .Is("listInitiators", Scopes.Read, "Who may log in to a target.");
        initiators.MapPut("/{initiator}", async Task<Results<Created<InitiatorView>, Ok<InitiatorView>>> (string iqn, string initiator, ApiCall call) =>
        {
            var (view, created) = await call.Services.Access.AllowAsync(call.Actor, iqn, initiator);
            return created ? TypedResults.Created($"/api/v1/targets/{iqn}/initiators/{initiator}", view) : TypedResults.Ok(view);
        }).Is("allowInitiator", Scopes.Targets, "Lets an initiator, or everybody (*), log in to a target.");
        initiators.MapDelete("/{initiator}", async (string iqn, string initiator, ApiCall call) =>
        {
            await call.Services.Access.DenyAsync(call.Actor, iqn, initiator);
            return TypedResults.NoContent();
        }).Is("denyInitiator", Scopes.Targets, "Lets an initiator in no more and closes its sessions.");
        initiators.MapPut("/{initiator}/chap", async (string iqn, string initiator, SetChap wanted, ApiCall call) =>
                TypedResults.Ok(await call.Services.Access.SetChapAsync(call.Actor, iqn, initiator, wanted)))
            .Is("setChap", Scopes.Targets, "Sets what an initiator must prove from its next log-in on.");
        initiators.MapDelete("/{initiator}/chap", async (string iqn, string initiator, ApiCall call) =>
                TypedResults.Ok(await call.Services.Access.SetChapAsync(call.Actor, iqn, initiator, null)))
            .Is("removeChap", Scopes.Targets, "An initiator need not prove anything any more.");
        initiators.MapPut("/{initiator}/addresses", async (string iqn, string initiator, SetAddresses wanted, ApiCall call) =>
                TypedResults.Ok(await call.Services.Access.SetAddressesAsync(call.Actor, iqn, initiator, wanted.Addresses)))
            .Is("setAddresses", Scopes.Targets, "Sets where an initiator may come from, and closes sessions from elsewhere.");
        initiators.MapPut("/{initiator}/luns", async (string iqn, string initiator, SetLuns wanted, ApiCall call) =>
                TypedResults.Ok(await call.Services.Access.SetLunsAsync(call.Actor, iqn, initiator, wanted.Luns)))
            .Is("setLuns", Scopes.Targets, "Sets which LUNs an initiator may use, at once; the others are not there for it.");
        initiators.MapDelete("/{initiator}/luns", async (string iqn, string initiator, ApiCall call) =>
                TypedResults.Ok(await call.Services.Access.SetLunsAsync(call.Actor, iqn, initiator, null)))
            .Is("removeLuns", Scopes.Targets, "An initiator may use all LUNs of the target.");
    }

    private static void MapSessions(RouteGroupBuilder sessions)
    {
        sessions.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Sessions.List()))
            .Is("listSessions", Scopes.Read, "The hosts' sessions.");
        sessions.MapDelete("/{id}", async (string id, ApiCall call) =>
        {
            await call.Services.Sessions.KickAsync(call.Actor, id);
            return TypedResults.NoContent();
        }).Is("kickSession", Scopes.Targets, "Closes a session; the host may log in again.");
    }
}

using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Schedules of snapshots.</summary>
internal static class ScheduleEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var schedules = api.MapGroup("/schedules").WithTags("schedules");
        schedules.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Schedules.List()))
            .Is("listSchedules", Scopes.Read, "All schedules.");
        schedules.MapPost("/", async Task<Results<Created<ScheduleView>, Ok<ScheduleView>>> (CreateSchedule wanted, ApiCall call) =>
        {
            var (schedule, created) = await call.Services.Schedules.CreateAsync(call.Actor, wanted);
            return created ? TypedResults.Created($"/api/v1/schedules/{schedule.Name}", call.Tagged(schedule)) : TypedResults.Ok(call.Tagged(schedule));
        }).Is("createSchedule", Scopes.Volumes, "Creates a schedule; 200 where the same is there already.");
        schedules.MapGet("/{name}", (string name, ApiCall call) => TypedResults.Ok(call.Tagged(call.Services.Schedules.Show(name))))
            .Is("showSchedule", Scopes.Read, "One schedule.");
        schedules.MapPatch("/{name}", async (string name, EditSchedule wanted, ApiCall call) =>
                TypedResults.Ok(call.Tagged(await call.Services.Schedules.EditAsync(call.Actor, name, wanted))))
            .Is("editSchedule", Scopes.Volumes, "Changes a schedule's volumes or rules, or pauses it.");
        schedules.MapDelete("/{name}", async (string name, ApiCall call) =>
        {
            await call.Services.Schedules.DeleteAsync(call.Actor, name);
            return TypedResults.NoContent();
        }).Is("deleteSchedule", Scopes.Volumes, "Deletes a schedule; the snapshots that it took stay.");
        schedules.MapGet("/{name}/preview", (string name, int? last, int? hourly, int? daily, int? weekly, int? monthly, ApiCall call) =>
        {
            var rules = (last ?? hourly ?? daily ?? weekly ?? monthly) == null
                ? null
                : new KeepRules { Last = last ?? 0, Hourly = hourly ?? 0, Daily = daily ?? 0, Weekly = weekly ?? 0, Monthly = monthly ?? 0 };
            return TypedResults.Ok(call.Services.Schedules.Preview(name, rules));
        }).Is("previewSchedule", Scopes.Read, "What a run now would do to the schedule's snapshots, by its own rules or by those of the query.");
        schedules.MapPost("/{name}/run", async (string name, ApiCall call) => TypedResults.Ok(await call.Services.Schedules.RunAsync(call.Actor, name)))
            .Is("runSchedule", Scopes.Volumes, "Runs a schedule now; when it is due next does not change.");
    }
}

using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lunaria.WebUi.Endpoints;

/// <summary>Jobs: work that goes on after the answer.</summary>
internal static class JobEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var jobs = api.MapGroup("/jobs").WithTags("jobs");
        jobs.MapGet("/", (ApiCall call) => TypedResults.Ok(call.Services.Jobs.List()))
            .Is("listJobs", Scopes.Read, "Jobs that run, and the newest that have ended, newest first.");
        jobs.MapGet("/{id}", (string id, ApiCall call) => TypedResults.Ok(call.Services.Jobs.Show(id)))
            .Is("showJob", Scopes.Read, "One job, and how far it is.");
        jobs.MapPost("/{id}/cancel", async (string id, ApiCall call) => TypedResults.Ok(await call.Services.Jobs.CancelAsync(id)))
            .Is("cancelJob", Scopes.Volumes, "Ends a job before it is done. What it has done stays; it can be begun again.");
    }

    /// <summary>The answer of an operation that has begun a job: 202, and where to look at it.</summary>
    public static Accepted<JobView> Begun(JobView job) => TypedResults.Accepted($"/api/v1/jobs/{job.Id}", job);
}

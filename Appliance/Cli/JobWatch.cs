using System.Text.Json;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli;

/// <summary>Follows a job to its end and shows how far it is. Stateless but for the line on the screen; owned by one verb.</summary>
internal static class JobWatch
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Waits for a job's end, with a progress bar where a person looks on. <see cref="VerbException"/> with its message where it did not do what was asked for.
    /// </summary>
    public static async Task<JobView> FollowAsync(VerbCall call, JobView job)
    {
        var isWatched = !Console.IsErrorRedirected && !call.IsJson;
        while (job.State == JobState.Running)
        {
            if (isWatched)
                await Console.Error.WriteAsync($"\r{Bar(job)}\e[K");
            await Task.Delay(Interval, TimeProvider.System);
            job = await ReadAsync(call, job.Id);
        }

        if (isWatched)
            await Console.Error.WriteAsync("\r\e[K");
        return job.State == JobState.Succeeded
            ? job
            : throw new VerbException(ExitCode.Failed, job.State == JobState.Cancelled ? $"job {job.Id} was cancelled" : job.Message ?? $"job {job.Id} has failed");
    }

    /// <summary>A job as it is now.</summary>
    public static async Task<JobView> ReadAsync(VerbCall call, long id) =>
        JsonSerializer.Deserialize(await call.Api.SendAsync(HttpMethod.Get, $"jobs/{id}"), ApiJson.Default.JobView)!;

    /// <summary>How far it is, for people.</summary>
    public static string Progress(JobView job) => job switch
    {
        { Total: <= 0, Done: <= 0 } => "",
        { Unit: "bytes", Total: <= 0 } => VerbCall.Size(job.Done),
        { Total: <= 0 } => $"{job.Done} {job.Unit}",
        { Unit: "bytes" } => $"{Percent(job):0} % of {VerbCall.Size(job.Total)}",
        _ => $"{Percent(job):0} % of {job.Total} {job.Unit}",
    };

    private static double Percent(JobView job) => Math.Clamp(100.0 * job.Done / job.Total, 0, 100);

    private static string Bar(JobView job)
    {
        var filled = job.Total > 0 ? (int)(Percent(job) * BarWidth / 100) : 0;
        return $"[{new string('#', filled)}{new string(' ', BarWidth - filled)}] {Progress(job)} {job.Message}";
    }
}

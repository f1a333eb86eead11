using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria job ...</c>.</summary>
internal static class JobVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "job",
        "Jobs: work that goes on in the background.",
        verbs.Create("list", "Jobs that run, and the newest that have ended.", "job list", call =>
            call.ShowAsync(HttpMethod.Get, "jobs", ApiJson.Default.IReadOnlyListJobView, jobs => Show(jobs, call.Output))),
        Watch(verbs),
        Cancel(verbs));

    /// <summary>
    /// Begins a job by a request and follows it to its end, or says its number where <paramref name="wait"/> is false.
    /// </summary>
    public static async Task BeginAsync<TBody>(VerbCall call, HttpMethod method, string path, TBody? body, JsonTypeInfo<TBody> bodyType, bool wait, string done)
        where TBody : class
    {
        var answer = body == null ? await call.Api.SendAsync(method, path) : await call.Api.SendAsync(method, path, body, bodyType);
        var job = JsonSerializer.Deserialize(answer, ApiJson.Default.JobView)!;
        if (wait)
            job = await JobWatch.FollowAsync(call, job);
        if (call.IsJson)
            await call.Output.WriteLineAsync(JsonSerializer.Serialize(job, ApiJson.Default.JobView));
        else
            await call.Output.WriteLineAsync(wait ? job.Message ?? done : $"job {job.Id} has begun: lunaria job watch {job.Id}");
    }

    /// <summary>The same for a request without a body.</summary>
    public static Task BeginAsync(VerbCall call, HttpMethod method, string path, bool wait, string done) =>
        BeginAsync(call, method, path, null, ApiJson.Default.JobView, wait, done);

    /// <summary>The option of verbs that begin a job: not to wait for its end.</summary>
    public static Option<bool> NoWaitOption() => new("--no-wait") { Description = "Do not wait for the end; job watch shows how far it is." };

    private static Argument<long> Id => new("JOB") { Description = "Its number, as the list shows it." };

    private static Command Watch(VerbFactory verbs)
    {
        var id = Id;
        return verbs.Create("watch", "Follow a job to its end.", "job watch 1", async call =>
        {
            var job = await JobWatch.FollowAsync(call, await JobWatch.ReadAsync(call, call.Get(id)));
            if (call.IsJson)
                await call.Output.WriteLineAsync(JsonSerializer.Serialize(job, ApiJson.Default.JobView));
            else
                Show([job], call.Output);
        }, [id]);
    }

    private static Command Cancel(VerbFactory verbs)
    {
        var id = Id;
        return verbs.Create("cancel", "End a job before it is done. What it has done stays.", "job cancel 1", call =>
            call.ShowAsync(HttpMethod.Post, $"jobs/{call.Get(id)}/cancel", ApiJson.Default.JobView, job => Show([job], call.Output)), [id]);
    }

    private static void Show(IEnumerable<JobView> jobs, TextWriter output)
    {
        var table = new TextTable("JOB", "KIND", "SUBJECT", "STATE", "PROGRESS", "WHO", "BEGAN (UTC)", "MESSAGE");
        foreach (var job in jobs)
            table.Add($"{job.Id}", job.Kind, job.Subject, $"{job.State}", JobWatch.Progress(job), job.Who, $"{job.Began.UtcDateTime:yyyy-MM-dd HH:mm:ss}", job.Message);
        table.Write(output);
    }
}

using System.Globalization;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Contracts;
using Microsoft.Data.Sqlite;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// Work that takes longer than an answer may: it is begun, looked at, and ended early. Jobs live as long as the process; what a job does must be safe to
/// end at any moment, and to begin again. Owned by the run; any thread.
/// </summary>
public sealed class JobService : IAsyncDisposable
{
    private const int MaxRunning = 32;
    private const int MaxEnded = 200;

    private readonly EventService _events;
    private readonly TimeProvider _time;
    private readonly Lock _sync = new();
    private readonly List<Job> _jobs = [];
    private long _lastId;
    private bool _stopping;

    internal JobService(EventService events, TimeProvider time) => (_events, _time) = (events, time);

    /// <summary>All that run and the newest that have ended, newest first.</summary>
    public IReadOnlyList<JobView> List()
    {
        lock (_sync)
            return [.. _jobs.Select(job => job.View()).Reverse()];
    }

    /// <summary>One job; <see cref="RefusalKind.NotFound"/>.</summary>
    public JobView Show(string id) => Get(id).View();

    /// <summary>
    /// Asks a job to end and waits until it has. One that has ended already is the answer, too.
    /// </summary>
    public async Task<JobView> CancelAsync(string id)
    {
        var job = Get(id);
        job.Cancel();
        await job.Completion;
        return job.View();
    }

    /// <summary>
    /// Begins <paramref name="work"/> and answers at once. <see cref="RefusalKind.Busy"/> where the same kind of job runs on the same thing; a refusal or failure
    /// of the work is the job's message and an event. The work must heed <see cref="JobProgress.Stop"/>.
    /// </summary>
    internal JobView Start(Actor actor, string kind, string subject, Func<JobProgress, Task> work)
    {
        Job job;
        lock (_sync)
        {
            if (_stopping)
                throw new RefusedException(RefusalKind.Unavailable, "The appliance is stopping.");
            if (_jobs.FirstOrDefault(other => other.IsRunning && other.Kind == kind && other.Subject == subject) is { } same)
                throw new RefusedException(RefusalKind.Busy, $"Job {same.Id} does that to the {subject} already. Watch it, or cancel it.");
            if (_jobs.Count(other => other.IsRunning) >= MaxRunning)
                throw new RefusedException(RefusalKind.Busy, $"{MaxRunning} jobs run already. Wait for one, or cancel one.");
            job = new Job(++_lastId, kind, subject, actor.Name, _time.GetUtcNow());
            _jobs.Add(job);
            foreach (var old in _jobs.Where(other => !other.IsRunning).SkipLast(MaxEnded).ToArray())
                _jobs.Remove(old);
            job.Completion = Task.Run(() => RunAsync(job, work));
        }

        return job.View();
    }

    /// <summary>Completes when a job has ended, however.</summary>
    internal Task WaitAsync(long id) => Get($"{id}").Completion;

    /// <summary>Asks all jobs to end and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        Job[] jobs;
        lock (_sync)
        {
            _stopping = true;
            jobs = [.. _jobs];
        }

        foreach (var job in jobs)
            job.Cancel();
        await Task.WhenAll(jobs.Select(job => job.Completion));
    }

    private async Task RunAsync(Job job, Func<JobProgress, Task> work)
    {
        using (job)
        {
            try
            {
                await work(job.Progress);
                job.End(JobState.Succeeded, null, _time.GetUtcNow());
            }
            catch (OperationCanceledException) when (job.Progress.Stop.IsCancellationRequested)
            {
                job.End(JobState.Cancelled, null, _time.GetUtcNow());
            }
            catch (Exception e) when (IsExpected(e))
            {
                Fail(job, e.Message);
            }
#pragma warning disable CA1031 // The end of the line for a defect in a job: it must not take the process with it.
            catch (Exception e)
            {
                Fail(job, $"A defect of the appliance: {e.GetType().Name}: {e.Message}");
            }
#pragma warning restore CA1031
        }
    }

    private static bool IsExpected(Exception e) =>
        e is RefusedException or IOException or InvalidDataException or InvalidOperationException or ObjectStoreException or UnauthorizedAccessException or SqliteException;

    private void Fail(Job job, string cause)
    {
        job.End(JobState.Failed, cause, _time.GetUtcNow());
        if (_stopping)
            return;
        try
        {
            _events.Add(EventCode.JobFailed, Severity.Warning, job.Subject, $"Job {job.Id} ({job.Kind}) has failed: {cause}");
        }
        catch (SqliteException)
        {
            // The job's own message says it; the watch reports a lunaria.db that takes no events.
        }
    }

    private Job Get(string id)
    {
        lock (_sync)
            return _jobs.FirstOrDefault(job => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && job.Id == number) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no job {id}: it never was, or ended long ago.");
    }
}

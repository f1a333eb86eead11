using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Schedules;

/// <summary>
/// Runs schedules when they are due, one after the other, until it is stopped. What was missed while the appliance was off, or what failed, is made up for once. Owned by the
/// administration; one loop.
/// </summary>
public sealed class ScheduleRunner : IDisposable
{
    /// <summary>Longest sleep: the clock may be set, and what failed is tried again.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);

    private readonly ScheduleService _schedules;
    private readonly ObjectLocks _locks;
    private readonly EventService _events;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _bell = new(0);

    internal ScheduleRunner(ScheduleService schedules, ObjectLocks locks, EventService events, TimeProvider time)
    {
        (_schedules, _locks, _events, _time) = (schedules, locks, events, time);
        schedules.Changed = () => _bell.Release();
    }

    /// <summary>Runs what is due until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await RunDueAsync();
                var now = _time.GetUtcNow();
                var next = _schedules.All.Where(schedule => !schedule.Paused).Select(schedule => schedule.Recurrence.NextAfter(now)).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
                using var sleep = new CancellationTokenSource(next - now < LongestSleep ? next - now : LongestSleep, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, sleep.Token);
                try
                {
                    await _bell.WaitAsync(either.Token);
                }
                catch (OperationCanceledException) when (!stop.IsCancellationRequested)
                {
                    // Something may be due.
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What is due then is made up for after the next start.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _bell.Dispose();

    /// <summary>Runs what is due now.</summary>
    internal async Task RunDueAsync()
    {
        foreach (var schedule in _schedules.All.Where(schedule => schedule.IsDue(_time.GetUtcNow())))
        {
            var subject = ScheduleService.Subject(schedule.Name);
            try
            {
                using var hold = await _locks.TakeAsync(subject, "the appliance", "schedule.run");
                if (_schedules.Find(schedule.Name) is not { } current || !current.IsDue(_time.GetUtcNow()))
                    continue;
                var run = await _schedules.RunDueAsync(current);
                _events.Add(EventCode.ScheduleRan, Severity.Information, subject, $"Took {run.Snapshot} of {string.Join(", ", run.Volumes)}; deleted {Plural.Of(run.Deleted.Count, "snapshot")}.");
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Whatever it is, the other schedules run. Told once, not each minute.
                if (_schedules.SetError(schedule.Name, e.Message))
                    _events.Add(EventCode.ScheduleFailed, Severity.Warning, subject, e.Message);
            }
        }
    }
}

using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>One job from its start to its end. Owned by its <see cref="JobService"/>; any thread.</summary>
internal sealed class Job(long id, string kind, string subject, string who, DateTimeOffset began) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _sync = new();
    private JobProgress? _progress;
    private JobState _state;
    private string? _failure;
    private DateTimeOffset? _ended;

    /// <summary>Its number; it never repeats while the appliance runs.</summary>
    public long Id => id;

    /// <summary>What is done.</summary>
    public string Kind => kind;

    /// <summary>What it is done to.</summary>
    public string Subject => subject;

    /// <summary>True until it has ended.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_sync)
                return _ended == null;
        }
    }

    /// <summary>Completes when it has ended, however.</summary>
    public Task Completion { get; set; } = Task.CompletedTask;

    /// <summary>Where it says how far it is.</summary>
    public JobProgress Progress => _progress ??= new JobProgress(_stop.Token);

    /// <summary>Asks it to end.</summary>
    public void Cancel()
    {
        lock (_sync)
        {
            // What waits for it goes on elsewhere, not under the lock.
            if (_ended == null)
                _ = _stop.CancelAsync();
        }
    }

    /// <summary>It has ended; <paramref name="failure"/> says why where it has not done what was asked for.</summary>
    public void End(JobState state, string? failure, DateTimeOffset time)
    {
        lock (_sync)
            (_state, _failure, _ended) = (state, failure, time);
    }

    /// <summary>The job as administrators see it.</summary>
    public JobView View()
    {
        var (done, total, unit, message) = Progress.Read();
        lock (_sync)
            return new JobView(id, kind, subject, who, _state, done, total, unit, _failure ?? message, began, _ended);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}

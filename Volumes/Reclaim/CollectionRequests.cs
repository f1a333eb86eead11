using Lunaria.Volumes.Destage;

namespace Lunaria.Volumes.Reclaim;

/// <summary>Those who ask for all garbage to be collected. Owned by the <see cref="SegmentCollector"/>; any thread asks, the destager's loop answers.</summary>
internal sealed class CollectionRequests(Signal bell)
{
    private readonly Lock _lock = new();
    private readonly List<TaskCompletionSource> _open = [];
    private bool _hasNew;
    private Exception? _end;

    /// <summary>True while anybody asks.</summary>
    public bool Any
    {
        get
        {
            lock (_lock)
                return _open.Count > 0;
        }
    }

    /// <summary>Completes with the answer. Who is cancelled asks no more.</summary>
    public async Task AskAsync(CancellationToken cancellation)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_end is not null)
                throw _end;
            _open.Add(done);
            _hasNew = true;
        }
        bell.Set();
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister((_, token) => Withdraw(done, token), null);
        await done.Task;
    }

    /// <summary>True = somebody has asked since the last call, or since the begin.</summary>
    public bool TakeNew()
    {
        lock (_lock)
        {
            bool hasNew = _hasNew;
            _hasNew = false;
            return hasNew;
        }
    }

    /// <summary>It is over, or has failed. Who has asked since <see cref="TakeNew"/> waits on for what is to come, unless it has failed.</summary>
    public void Answer(Exception? failure)
    {
        TaskCompletionSource[] answered;
        lock (_lock)
        {
            if (_hasNew && failure is null)
                return;
            answered = [.. _open];
            _open.Clear();
        }
        foreach (TaskCompletionSource done in answered)
            if (failure is null)
                done.TrySetResult();
            else
                done.TrySetException(failure);
    }

    /// <summary>Nothing is collected any more: all who ask, and will ask, are told so.</summary>
    public void End(Exception end)
    {
        lock (_lock)
            _end = end;
        Answer(end);
    }

    private void Withdraw(TaskCompletionSource done, CancellationToken cancellation)
    {
        lock (_lock)
            _open.Remove(done);
        done.TrySetCanceled(cancellation);
    }
}

namespace Lunaria.Volumes.Destage;

/// <summary>An event that remembers one ring until somebody waits for it. Rung by any thread, awaited by one loop.</summary>
internal sealed class Signal(TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiter;
    private bool _rung;

    /// <summary>Wakes the waiter, or lets the next wait complete at once.</summary>
    public void Set()
    {
        TaskCompletionSource? waiter;
        lock (_lock)
        {
            waiter = _waiter;
            _rung = waiter is null;
            _waiter = null;
        }
        waiter?.SetResult();
    }

    /// <summary>Completes with true when rung, with false after <paramref name="timeout"/> (infinite = never).</summary>
    public async ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        TaskCompletionSource waiter;
        lock (_lock)
        {
            if (_rung)
            {
                _rung = false;
                return true;
            }
            _waiter = waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        try
        {
            await waiter.Task.WaitAsync(timeout, time, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            lock (_lock)
                if (_waiter == waiter)
                    _waiter = null;
            return waiter.Task.IsCompleted;
        }
    }
}

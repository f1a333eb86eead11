namespace Lunaria.Volumes.Destage;

/// <summary>An event that remembers one ring until somebody waits for it. Rung by any thread, awaited by one loop.</summary>
internal sealed class Signal(TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<bool>? _waiter;
    private bool _rung;

    /// <summary>Wakes the waiter, or lets the next wait complete at once.</summary>
    public void Set()
    {
        lock (_lock)
            _rung = _waiter?.TrySetResult(true) != true;
    }

    /// <summary>Completes with true when rung, with false after <paramref name="timeout"/> (infinite = never).</summary>
    public async ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        TaskCompletionSource<bool> waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_rung)
            {
                _rung = false;
                return true;
            }
            _waiter = waiter;
        }
        await using ITimer timer = time.CreateTimer(static state => ((TaskCompletionSource<bool>)state!).TrySetResult(false), waiter, timeout, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<bool>)state!).TrySetCanceled(token), waiter);
        return await waiter.Task;
    }
}

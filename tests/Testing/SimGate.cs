namespace Lunaria.Testing;

/// <summary>
/// A barrier the test closes and opens: operations that reach it while it is closed wait, and the test can wait for one to arrive. Thread-safe.
/// </summary>
public sealed class SimGate
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _closed;
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>From now on operations wait here.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets the waiting operations and all later ones pass.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _closed?.SetResult();
            _closed = null;
        }
    }

    /// <summary>Completes when an operation waits at the closed gate.</summary>
    public Task WaitForArrivalAsync()
    {
        lock (_lock)
            return _arrived.Task;
    }

    internal ValueTask PassAsync()
    {
        lock (_lock)
        {
            if (_closed is null)
                return default;
            _arrived.TrySetResult();
            return new(_closed.Task);
        }
    }
}

using System.Threading.Tasks.Sources;

namespace Lunaria.Volumes.Io;

/// <summary>
/// The promise behind a ValueTask that is awaited once; then it goes back to the pool it came from. Continuations run on the thread pool and not on the
/// thread that ends the operation, unless <paramref name="continueInline"/> says that they are short.
/// </summary>
internal class PooledOperation(bool continueInline = false) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = !continueInline };

    /// <summary>Link of the list the operation is in.</summary>
    public PooledOperation? Next { get; set; }

    /// <summary>The pool it goes back to; set by the pool.</summary>
    public IOperationPool? Pool { get; set; }

    /// <summary>Makes it pending.</summary>
    public ValueTask Begin()
    {
        _core.Reset();
        return new(this, _core.Version);
    }

    /// <summary>Completes it; it must not be touched after.</summary>
    public void End(Exception? failure)
    {
        if (failure is null)
            _core.SetResult(true);
        else
            _core.SetException(failure);
    }

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            Pool?.Return(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>Where an operation goes when its result was taken.</summary>
internal interface IOperationPool
{
    /// <summary>Takes it back, or drops it when there are enough.</summary>
    void Return(PooledOperation operation);
}

/// <summary>Operations for reuse, at most <paramref name="limit"/>; more are made and dropped. Thread-safe.</summary>
internal sealed class OperationPool<T>(Func<T> make, int limit) : IOperationPool
    where T : PooledOperation
{
    private readonly Lock _lock = new();
    private readonly Stack<T> _free = new();

    /// <summary>One that nobody uses.</summary>
    public T Rent()
    {
        lock (_lock)
        {
            if (_free.TryPop(out T? free))
                return free;
        }
        T made = make();
        made.Pool = this;
        return made;
    }

    /// <inheritdoc/>
    public void Return(PooledOperation operation)
    {
        lock (_lock)
        {
            if (_free.Count < limit)
                _free.Push((T)operation);
        }
    }
}

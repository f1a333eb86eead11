namespace Lunaria.Volumes.Io;

/// <summary>
/// A few threads of their own for calls that block in the kernel, made on demand and kept: a slow device fills these, not the thread pool. The queue holds
/// at most what its users have in flight. Owned by its disk; any thread adds work.
/// </summary>
internal sealed class IoThreads(string name, int limit) : IDisposable
{
    private readonly object _lock = new();
    private IoOperation? _first, _last;
    private int _threads, _idle, _queued;
    private bool _disposed;

    /// <summary>Has the operation run by one of the threads.</summary>
    public void Enqueue(IoOperation operation)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            operation.Next = null;
            if (_last is null)
                _first = operation;
            else
                _last.Next = operation;
            _last = operation;
            // An idle thread that was called but did not come yet still counts as idle, and what it comes for as queued.
            if (++_queued <= _idle || _threads == limit)
            {
                Monitor.Pulse(_lock);
                return;
            }
            _threads++;
        }
        new Thread(Work, 256 * 1024) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>What was added is still done; then the threads end.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Work()
    {
        while (Take() is { } operation)
        {
            Exception? failure = null;
            try
            {
                operation.Run();
            }
            catch (Exception e)
            {
                failure = e;
            }
            operation.End(failure);
        }
    }

    private IoOperation? Take()
    {
        lock (_lock)
        {
            while (_first is null && !_disposed)
            {
                _idle++;
                Monitor.Wait(_lock);
                _idle--;
            }
            if (_first is not { } operation)
                return null;
            _queued--;
            _first = (IoOperation?)operation.Next;
            if (_first is null)
                _last = null;
            return operation;
        }
    }
}

/// <summary>Something that blocks, done by <see cref="IoThreads"/>.</summary>
internal abstract class IoOperation(bool continueInline = false) : PooledOperation(continueInline)
{
    /// <summary>Does it; a failure goes to who waits.</summary>
    public abstract void Run();
}

using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Windows on their way into the cache, taken in by a thread of their own. What comes while too many wait is not taken in: the devices cannot keep up, and reads do not wait for
/// them. Owned by the cache; any thread adds.
/// </summary>
internal sealed class AdmissionQueue(CacheAdmission admission, int limit) : IAsyncDisposable
{
    private readonly IoThreads _thread = new("cache write", 1);
    private readonly Lock _lock = new();
    private TaskCompletionSource? _empty;
    private int _waiting;
    private long _skipped;
    private bool _closed;

    /// <summary>Windows that were not taken in.</summary>
    public long Skipped
    {
        get
        {
            lock (_lock)
                return _skipped;
        }
    }

    /// <summary>Windows that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting;
        }
    }

    /// <summary>
    /// Takes a window in later; <paramref name="release"/> runs when its bytes are not needed any more. False = not taken, nothing runs.
    /// </summary>
    public bool TryAdd(CacheClient client, WindowIdentity window, ReadOnlyMemory<byte> bytes, ushort valid, ushort touched, ReadOnlyMemory<uint> crcs, Action release)
    {
        lock (_lock)
        {
            if (_closed)
                return false;
            if (_waiting >= limit)
            {
                _skipped++;
                return false;
            }
            _waiting++;
        }
        _thread.Enqueue(new Operation(this, () => admission.Admit(client, in window, new(bytes.Span, valid, touched, crcs.Span)), release));
        return true;
    }

    /// <summary>Ends when nothing waits.</summary>
    public Task WaitEmptyAsync()
    {
        lock (_lock)
            return _waiting == 0 ? Task.CompletedTask : (_empty ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>What waits is still taken in.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
            _closed = true;
        await WaitEmptyAsync();
        _thread.Dispose();
    }

    private void Leave()
    {
        lock (_lock)
            if (--_waiting == 0)
            {
                _empty?.SetResult();
                _empty = null;
            }
    }

    private sealed class Operation(AdmissionQueue queue, Action admit, Action release) : IoOperation
    {
        public override void Run()
        {
            try
            {
                admit();
            }
            finally
            {
                release();
                queue.Leave();
            }
        }
    }
}

namespace Lunaria.Volumes.Destage;

/// <summary>
/// Those who ask a background loop for something and wait for its answer. Owned by what the loop works for; any thread asks, the loop takes and answers. Once the loop has ended, all who wait,
/// or ask later, are told why.
/// </summary>
internal sealed class Requests<T>(Signal bell)
{
    private readonly Lock _lock = new();
    private readonly List<Request> _waiting = [];
    private Request[] _taken = [];
    private Exception? _end;

    /// <summary>True where somebody waits to be taken.</summary>
    public bool Any
    {
        get
        {
            lock (_lock)
                return _waiting.Count > 0;
        }
    }

    /// <summary>Rings the bell; completes with the loop's answer.</summary>
    public async Task AskAsync(T what)
    {
        Request request = new(what);
        lock (_lock)
        {
            if (_end is not null)
                throw _end;
            _waiting.Add(request);
        }
        bell.Set();
        // Not the promise itself: who waits for that with a token would go on where its continuations run, and no longer where the caller does.
        await request.Answered;
    }

    /// <summary>All who wait, in the order in which they asked. The loop answers each of them before its next call, or ends.</summary>
    public Request[] TakeAll()
    {
        lock (_lock)
        {
            _taken = [.. _waiting];
            _waiting.Clear();
            return _taken;
        }
    }

    /// <summary>The loop has ended, and <paramref name="end"/> is why.</summary>
    public void End(Exception end)
    {
        Request[] open;
        lock (_lock)
        {
            _end = end;
            open = [.. _taken, .. _waiting];
            _waiting.Clear();
        }
        foreach (Request request in open)
            request.Answer(end);
    }

    /// <summary>What one of them wants.</summary>
    internal sealed class Request(T what)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public T What => what;

        public Task Answered => _done.Task;

        /// <summary>Null = it is done. The first answer counts.</summary>
        public void Answer(Exception? failure)
        {
            if (failure is null)
                _done.TrySetResult();
            else
                _done.TrySetException(failure);
        }
    }
}

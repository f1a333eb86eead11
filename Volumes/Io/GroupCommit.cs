using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Lunaria.Volumes.Io;

/// <summary>
/// Runs one round of a slow operation at a time. Who asks while a round runs is served by the next one, together with all others who asked meanwhile.
/// A lonely caller never waits for company. Owned by what is flushed; any thread may ask. Allocates nothing once warm.
/// </summary>
internal sealed class GroupCommit
{
    private readonly Lock _lock = new();
    private readonly OperationPool<PooledOperation> _waiters = new(() => new PooledOperation(), 1024);
    private readonly Func<ValueTask> _round;
    private readonly Action _roundDone;
    private PooledOperation? _next, _served;
    private ValueTaskAwaiter _current;
    private bool _running, _requested;

    /// <param name="round">One round; a new one starts only when the last one is complete.</param>
    public GroupCommit(Func<ValueTask> round)
    {
        _round = round;
        _roundDone = () => RunRounds(resumed: true);
    }

    /// <summary>Complete when a round that began after this call is; with its failure where it fails.</summary>
    public ValueTask JoinAsync()
    {
        PooledOperation waiter = _waiters.Rent();
        ValueTask result = waiter.Begin();
        lock (_lock)
        {
            waiter.Next = _next;
            _next = waiter;
            if (_running)
                return result;
            _running = true;
        }
        RunRounds(resumed: false);
        return result;
    }

    /// <summary>Has a round run, of which nobody wants to know the end.</summary>
    public void Request()
    {
        lock (_lock)
        {
            _requested = true;
            if (_running)
                return;
            _running = true;
        }
        RunRounds(resumed: false);
    }

    // The awaiter is kept only until the round is complete, and asked once.
    [SuppressMessage("Reliability", "CA2012", Justification = "See above.")]
    private ValueTaskAwaiter StartRound()
    {
        try
        {
            return _round().GetAwaiter();
        }
        catch (Exception e)
        {
            return ValueTask.FromException(e).GetAwaiter();
        }
    }

    private void RunRounds(bool resumed)
    {
        while (true)
        {
            if (!resumed)
            {
                lock (_lock)
                {
                    (_served, _next) = (_next, null);
                    if (_served is null && !_requested)
                    {
                        _running = false;
                        return;
                    }
                    _requested = false;
                }
                _current = StartRound();
                if (!_current.IsCompleted)
                {
                    _current.UnsafeOnCompleted(_roundDone);
                    return;
                }
            }
            resumed = false;
            Exception? failure = null;
            try
            {
                _current.GetResult();
            }
            catch (Exception e)
            {
                failure = e;
            }
            while (_served is { } waiter)
            {
                (_served, waiter.Next) = (waiter.Next, null);
                waiter.End(failure);
            }
        }
    }
}

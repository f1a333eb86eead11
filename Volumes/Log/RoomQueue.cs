using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Log;

/// <summary>Those who wait for room in the log, in their order. Owned by the log, touched under its append lock only.</summary>
internal sealed class RoomQueue(Lock appendLock)
{
    private readonly OperationPool<Waiter> _pool = new(() => new Waiter(), 256);
    private Waiter? _first, _last;
    private long _lastTicket;

    /// <summary>One who waits for room for a record.</summary>
    private sealed class Waiter : PooledOperation
    {
        public int RecordBytes;
        public bool HasPayload;
        public long Ticket;
        public CancellationTokenRegistration Cancellation;
    }

    private sealed record Cancelled(RoomQueue Queue, Waiter Waiter, long Ticket);

    public bool IsEmpty => _first is null;

    /// <summary>What the first one needs; only where the queue is not empty.</summary>
    public (int RecordBytes, bool HasPayload) First => (_first!.RecordBytes, _first.HasPayload);

    /// <summary>Adds one at the end.</summary>
    public ValueTask Enqueue(int recordBytes, bool hasPayload, CancellationToken cancellation)
    {
        Waiter waiter = _pool.Rent();
        (waiter.RecordBytes, waiter.HasPayload, waiter.Ticket, waiter.Cancellation) = (recordBytes, hasPayload, ++_lastTicket, default);
        ValueTask result = waiter.Begin();
        if (_last is null)
            _first = waiter;
        else
            _last.Next = waiter;
        _last = waiter;
        // The lock may be entered again by the same thread, so a token that is cancelled by now takes the waiter out right here.
        if (cancellation.CanBeCanceled)
            waiter.Cancellation = cancellation.UnsafeRegister(static state => Cancel((Cancelled)state!), new Cancelled(this, waiter, waiter.Ticket));
        return result;
    }

    /// <summary>Lets the first one go, with a failure where there is one.</summary>
    public void Dequeue(Exception? failure)
    {
        Waiter waiter = _first!;
        Remove(null, waiter);
        waiter.Cancellation.Unregister();
        waiter.End(failure);
    }

    private static void Cancel(Cancelled cancelled)
    {
        RoomQueue queue = cancelled.Queue;
        lock (queue.AppendLock)
        {
            Waiter? before = null, at = queue._first;
            while (at is not null && at.Ticket != cancelled.Ticket)
                (before, at) = (at, (Waiter?)at.Next);
            if (at is null)
                return;
            queue.Remove(before, at);
            at.End(new OperationCanceledException("Waiting for room in the write log was given up."));
        }
    }

    private Lock AppendLock => appendLock;

    private void Remove(Waiter? before, Waiter waiter)
    {
        Waiter? next = (Waiter?)waiter.Next;
        waiter.Next = null;
        if (before is null)
            _first = next;
        else
            before.Next = next;
        if (_last == waiter)
            _last = before;
    }
}

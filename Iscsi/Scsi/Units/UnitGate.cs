namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// Keeps commands that need a logical unit for themselves (COMPARE AND WRITE, ORWRITE, resets) apart from its ordinary writes. Shared
/// entry is one interlocked addition while nobody asks for exclusive entry. Exclusive entries are served in their order, and the writers
/// that waited meanwhile go between two of them, so neither starves the other. Any thread.
/// </summary>
internal sealed class UnitGate
{
    /// <summary>Added to <see cref="state"/> while somebody has or wants exclusive entry.</summary>
    private const int Closed = int.MinValue;

    private readonly Lock sync = new();
    private readonly Queue<TaskCompletionSource> exclusiveWaiters = new();
    private readonly List<TaskCompletionSource> sharedWaiters = [];

    /// <summary>Number of shared holders (and of entries about to be taken back), plus <see cref="Closed"/>.</summary>
    private int state;
    private bool exclusiveHeld;

    /// <summary>Shared entry without waiting; false while somebody has or wants exclusive entry.</summary>
    public bool TryEnterShared()
    {
        if (Interlocked.Increment(ref state) > 0) return true;
        ExitShared();
        return false;
    }

    /// <summary>Ends a shared entry.</summary>
    public void ExitShared()
    {
        if (Interlocked.Decrement(ref state) != Closed) return;
        lock (sync) GrantExclusive();
    }

    /// <summary>Shared entry, waiting for the exclusive holders that came first.</summary>
    public ValueTask EnterSharedAsync()
    {
        if (TryEnterShared()) return ValueTask.CompletedTask;
        lock (sync)
        {
            // The gate may have opened since; it is closed and opened only under this lock.
            if (Volatile.Read(ref state) >= 0)
            {
                Interlocked.Increment(ref state);
                return ValueTask.CompletedTask;
            }

            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            sharedWaiters.Add(waiter);
            return new ValueTask(waiter.Task);
        }
    }

    /// <summary>Exclusive entry: completes when no shared holder and no earlier exclusive holder is left.</summary>
    public ValueTask EnterExclusiveAsync()
    {
        lock (sync)
        {
            if (Volatile.Read(ref state) >= 0) Interlocked.Add(ref state, Closed);
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            exclusiveWaiters.Enqueue(waiter);
            GrantExclusive();
            return new ValueTask(waiter.Task);
        }
    }

    /// <summary>Ends the exclusive entry: first the shared waiters go in, then, when they are out again, the next exclusive one.</summary>
    public void ExitExclusive()
    {
        lock (sync)
        {
            exclusiveHeld = false;
            Interlocked.Add(ref state, sharedWaiters.Count);
            if (exclusiveWaiters.Count == 0) Interlocked.Add(ref state, Closed);
            foreach (TaskCompletionSource waiter in sharedWaiters) waiter.SetResult();
            sharedWaiters.Clear();
            GrantExclusive();
        }
    }

    /// <summary>Under the lock: lets the next exclusive waiter in where nobody else is.</summary>
    private void GrantExclusive()
    {
        if (exclusiveHeld || exclusiveWaiters.Count == 0 || Volatile.Read(ref state) != Closed) return;
        exclusiveHeld = true;
        exclusiveWaiters.Dequeue().SetResult();
    }
}

using System.Collections.Concurrent;

namespace Lunaria.Testing;

/// <summary>
/// Runs asynchronous code on one thread and in one order, under a clock that moves only when nothing else is left to do. The same code with the same seeds
/// does the same, and a second of waiting costs nothing.
/// </summary>
public sealed class SimScheduler : SynchronizationContext
{
    // Work that hops to another thread (a leaf read from SQLite) comes back within this, nearly always.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);

    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];

    /// <summary>The clock of what runs here.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>Runs a test to its end.</summary>
    public static void Run(Func<SimScheduler, Task> main)
    {
        SimScheduler scheduler = new();
        SynchronizationContext? before = Current;
        SetSynchronizationContext(scheduler);
        try
        {
            scheduler.RunUntilDone(main(scheduler));
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state) => _queue.Add((d, state));

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing here waits for another thread.");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    private void RunUntilDone(Task main)
    {
        int idle = 0;
        while (!main.IsCompleted)
        {
            // The clock waits for other threads only where moving it brought nothing to do.
            TimeSpan patience = idle == 0 && Time.TimerCount > 0 ? TimeSpan.Zero : Patience;
            if (_queue.TryTake(out var work, patience))
            {
                idle = 0;
                work.Callback(work.State);
            }
            else if (!Time.AdvanceToNextTimer() && idle > 4000)
            {
                throw new InvalidOperationException("Nothing is left to do, no timer runs, and the test is not done: something waits for ever.");
            }
            else
            {
                idle++;
            }
        }
        main.GetAwaiter().GetResult();
    }
}

using System.Collections.Concurrent;

namespace Lunaria.Testing;

/// <summary>
/// Runs asynchronous code on one thread, under a clock that moves only when nothing else is left to do: a second of waiting costs nothing. Without a seed in the order of arrival, and what hops to
/// another thread may come back. With a seed in an order that the seed decides, so that a run can be had again exactly; then nothing may leave the thread.
/// </summary>
public sealed class SimScheduler : SynchronizationContext
{
    // Work that hops to another thread comes back within this, nearly always.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);

    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];
    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly Random? _order;
    private string? _stranger;

    private SimScheduler(int? seed) => _order = seed is { } given ? new(given) : null;

    /// <summary>The clock of what runs here.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>Runs a test to its end, in the order of arrival.</summary>
    public static void Run(Func<SimScheduler, Task> main) => Run(null, main);

    /// <summary>Runs a test to its end, in an order that the seed decides.</summary>
    public static void Run(int seed, Func<SimScheduler, Task> main) => Run((int?)seed, main);

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        // An order that another thread takes part in is not the seed's.
        if (_order is not null && Environment.CurrentManagedThreadId != _thread)
            _stranger ??= Environment.StackTrace;
        _queue.Add((d, state));
    }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing here waits for another thread.");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>An answer that comes late, now and then, as the seed decides: after others, or after some milliseconds.</summary>
    public async ValueTask BeLateAsync()
    {
        switch (_order?.Next(16) ?? 0)
        {
            case < 8:
                return;
            case < 15:
                await Task.Yield();
                return;
            default:
                await Task.Delay(TimeSpan.FromMilliseconds(_order!.Next(1, 300)), Time);
                return;
        }
    }

    private static void Run(int? seed, Func<SimScheduler, Task> main)
    {
        SimScheduler scheduler = new(seed);
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

    private void RunUntilDone(Task main)
    {
        if (_order is null)
            RunInOrderOfArrival(main);
        else
            RunInOrderOfSeed(main, _order);
        main.GetAwaiter().GetResult();
    }

    private void RunInOrderOfSeed(Task main, Random order)
    {
        while (!main.IsCompleted)
        {
            while (_queue.TryTake(out var arrived))
                _ready.Add(arrived);
            if (_ready.Count == 0)
            {
                if (!Time.AdvanceToNextTimer() && _queue.Count == 0)
                    throw new InvalidOperationException($"Nothing is left to do, no timer runs, and the test is not done: something waits for ever, or left the thread. {_stranger}");
                continue;
            }
            int at = order.Next(_ready.Count);
            var work = _ready[at];
            _ready[at] = _ready[^1];
            _ready.RemoveAt(_ready.Count - 1);
            work.Callback(work.State);
        }
        if (_stranger is not null)
            throw new InvalidOperationException($"Something left the thread, so that the seed does not decide the order any more; it came back here: {_stranger}");
    }

    private void RunInOrderOfArrival(Task main)
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
    }
}

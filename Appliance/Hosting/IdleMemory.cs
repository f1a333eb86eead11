namespace Lunaria.Appliance.Hosting;

/// <summary>
/// Gives memory back to the machine that a burst of work has left in the runtime's heap: buffers of cuts and segments are large, the collector keeps their room, and an idle appliance
/// allocates too little for it to look again. It looks once a second and acts in a pause of the hosts, since all threads stop meanwhile for some milliseconds. Owned by the host of the
/// appliance; one look at a time.
/// </summary>
internal sealed class IdleMemory(Func<long> allocatedBytes, Action giveBack)
{
    /// <summary>What must have been allocated since it last gave back, so that there is something to give.</summary>
    public const long WorthBytes = 64L << 20;

    /// <summary>What an idle appliance may allocate between two looks: its page and its metrics do.</summary>
    public const long IdleBytes = 4L << 20;

    /// <summary>Quiet looks in a row before it acts.</summary>
    public const int QuietLooks = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _allocated = allocatedBytes();
    private long _givenBackAt = allocatedBytes();
    private int _quiet;

    /// <summary>Looks after the heap of this process until <paramref name="stop"/>; <paramref name="areHostsQuiet"/>: none has read or written in the last second.</summary>
    public static async Task RunAsync(Func<bool> areHostsQuiet, TimeProvider time, CancellationToken stop)
    {
        var memory = new IdleMemory(
            () => GC.GetTotalAllocatedBytes(), () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true));
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                memory.Look(areHostsQuiet());
        }
        catch (OperationCanceledException)
        {
            // The appliance stops.
        }
    }

    /// <summary>One look.</summary>
    public void Look(bool areHostsQuiet)
    {
        var allocated = allocatedBytes();
        _quiet = areHostsQuiet && allocated - _allocated <= IdleBytes ? _quiet + 1 : 0;
        _allocated = allocated;
        if (_quiet < QuietLooks || allocated - _givenBackAt < WorthBytes)
            return;
        giveBack();
        _givenBackAt = allocatedBytes();
    }
}

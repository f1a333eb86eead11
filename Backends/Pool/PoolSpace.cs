using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.Pool;

/// <summary>Slots of one chunk that belong to one object.</summary>
internal readonly record struct SlotRun(PoolComponent Component, int Chunk, int FirstSlot, int Count)
{
    /// <summary>Where the run begins on its component.</summary>
    public long OffsetBytes => Component.Layout.SlotOffset(Chunk, FirstSlot);
}

/// <summary>
/// Gives out and takes back slots of all components, keeps the reserve and watches the marks. Its lock guards all <see cref="SlotMap"/>s;
/// it is a leaf and never held over I/O. Owned by a <see cref="LocalPool"/>; thread-safe.
/// </summary>
internal sealed class PoolSpace
{
    private readonly Lock gate = new();
    private readonly string poolName;
    private volatile PoolComponent[] components;
    private PoolComponent[] preference;
    private readonly LocalPoolOptions options;
    private readonly ILogger logger;
    private readonly int slotBytes;
    private readonly int chunkBytes;
    private long reserveChunks;

    public PoolSpace(string poolName, PoolComponent[] components, LocalPoolOptions options, ILogger logger)
    {
        this.poolName = poolName;
        this.components = components;
        this.options = options;
        this.logger = logger;
        preference = [.. components];
        slotBytes = components[0].Layout.SlotBytes;
        chunkBytes = components[0].Layout.ChunkBytes;
        CountReserve();
        State = options.Watermarks.Next(WatermarkState.Ok, FreeSlots() * slotBytes, TotalSlots() * slotBytes);
    }

    /// <summary>All components now; each change makes a new list.</summary>
    public PoolComponent[] Components => components;

    /// <summary>Bytes that objects can use, the reserve included. Of a component that is evacuated only what it still holds.</summary>
    public long TotalBytes
    {
        get
        {
            lock (gate)
                return TotalSlots() * slotBytes;
        }
    }

    /// <summary>Bytes kept for replacing objects.</summary>
    public long ReservedBytes
    {
        get
        {
            lock (gate)
                return ReserveSlots * slotBytes;
        }
    }

    /// <summary>Bytes that new objects can use now: without the reserve and what lies on faulted components.</summary>
    public long FreeBytes
    {
        get
        {
            lock (gate)
                return Math.Max(0, FreeSlots() - ReserveSlots) * slotBytes;
        }
    }

    /// <summary>Bytes of a component that objects have.</summary>
    public long UsedBytes(PoolComponent component)
    {
        lock (gate)
            return UsedSlots(component) * slotBytes;
    }

    /// <summary>From now on objects are put on it, too.</summary>
    public void Add(PoolComponent component) => Change(() =>
    {
        components = [.. components, component];
        preference = [.. components];
    });

    /// <summary>A component that nothing lies on is forgotten.</summary>
    public void Remove(PoolComponent component) => Change(() =>
    {
        components = [.. components.Where(other => other != component)];
        preference = [.. components];
    });

    /// <summary>Stops, or allows again, that objects are put on a component.</summary>
    public void SetLeaving(PoolComponent component, bool isLeaving) => Change(() => component.IsLeaving = isLeaving);

    /// <summary>How scarce space is; the reserve counts as free.</summary>
    public WatermarkState State { get; private set; }

    /// <summary>The reserve that the options ask for, in bytes.</summary>
    public static long ReserveBytes(LocalPoolOptions options, long totalBytes, int chunkBytes) =>
        options.ReserveBytes ?? Math.Max(2L * chunkBytes, Math.Min(totalBytes / 100, 1L << 30));

    /// <summary>
    /// Takes a run of slots in one chunk. <paramref name="fromReserve"/>: the reserve may be used. OutOfSpace where there is none,
    /// Fatal where no component takes changes.
    /// </summary>
    public SlotRun Allocate(int slots, bool fromReserve)
    {
        SlotRun run;
        lock (gate)
        {
            if (!TryAllocate(slots, fromReserve, out run))
                throw NoSpace(slots);
        }

        Watch();
        return run;
    }

    /// <summary>Gives a run back. What it held must not be reachable after a crash. A chunk that gets empty goes back to the file system.</summary>
    public void Free(SlotRun run)
    {
        bool chunkIsEmpty;
        lock (gate)
            chunkIsEmpty = run.Component.Slots.Free(run.Chunk, run.FirstSlot, run.Count);
        if (chunkIsEmpty)
        {
            PunchChunk(run);
            lock (gate)
                run.Component.Slots.FreeChunk(run.Chunk);
        }

        Watch();
    }

    private bool TryAllocate(int slots, bool fromReserve, out SlotRun run)
    {
        run = default;
        if (!fromReserve && FreeSlots() - slots < ReserveSlots)
            return false;
        // The reserve is kept in whole chunks: slots here and there would not do for an object that needs several.
        bool mayBeginChunk = fromReserve || EmptyChunks() > reserveChunks;
        if (options.Allocation == PoolAllocation.Spread)
            Array.Sort(preference, ByFreeShareDescending);
        foreach (PoolComponent component in preference)
        {
            if (component.TakesObjects && component.Slots.TryAllocate(slots, mayBeginChunk, out int chunk, out int firstSlot))
            {
                run = new SlotRun(component, chunk, firstSlot, slots);
                return true;
            }
        }

        return false;
    }

    private long ReserveSlots => reserveChunks * ComponentLayout.SlotsPerChunk;

    private void Change(Action change)
    {
        lock (gate)
        {
            change();
            CountReserve();
        }

        Watch();
    }

    private void CountReserve() => reserveChunks = (ReserveBytes(options, TotalSlots() * slotBytes, chunkBytes) + chunkBytes - 1) / chunkBytes;

    private long TotalSlots()
    {
        long total = 0;
        foreach (PoolComponent component in components)
            total += component.IsLeaving ? UsedSlots(component) : component.Layout.SlotCount;
        return total;
    }

    private static long UsedSlots(PoolComponent component) => component.Layout.SlotCount - component.Slots.FreeSlots;

    private long EmptyChunks()
    {
        long empty = 0;
        foreach (PoolComponent component in components)
            empty += component.TakesObjects ? component.Slots.EmptyChunks : 0;
        return empty;
    }

    private long FreeSlots()
    {
        long free = 0;
        foreach (PoolComponent component in components)
            free += component.TakesObjects ? component.Slots.FreeSlots : 0;
        return free;
    }

    /// <summary>Free shares a/A and b/B compare as a*B and b*A.</summary>
    private static int ByFreeShareDescending(PoolComponent a, PoolComponent b) =>
        ((Int128)b.Slots.FreeSlots * a.Layout.ChunkCount).CompareTo((Int128)a.Slots.FreeSlots * b.Layout.ChunkCount);

    private static void PunchChunk(SlotRun run)
    {
        try
        {
            run.Component.File.PunchHole(run.Component.Layout.SlotOffset(run.Chunk, 0), run.Component.Layout.ChunkBytes);
        }
        catch (IOException)
        {
            // The chunk is as free as before; only the file system does not get its space back until it is used again.
        }
    }

    private void Watch()
    {
        WatermarkState before, now;
        long freeBytes, totalBytes;
        lock (gate)
        {
            before = State;
            freeBytes = FreeSlots() * slotBytes;
            totalBytes = TotalSlots() * slotBytes;
            State = now = options.Watermarks.Next(before, freeBytes, totalBytes);
        }

        LogLevel level = now == WatermarkState.Ok ? LogLevel.Information : LogLevel.Warning;
        if (now != before && logger.IsEnabled(level))
        {
            long lowMark = options.Watermarks.LowMark(totalBytes), fullMark = options.Watermarks.FullMark(totalBytes);
            PoolLog.WatermarkPassed(logger, level, poolName, now, freeBytes, totalBytes, lowMark, fullMark);
        }
    }

    private ObjectStoreException NoSpace(int slots)
    {
        if (Array.TrueForAll(components, component => component.IsFaulted))
            return new(ObjectStoreError.Fatal, $"Pool '{poolName}' takes no changes: all its components failed. Check the devices, then start again.");
        return new(ObjectStoreError.OutOfSpace,
            $"Pool '{poolName}' is full: an object needs {(long)slots * slotBytes} bytes in one piece, {FreeSlots() * slotBytes} of {TotalSlots() * slotBytes} bytes "
            + $"are free, {ReserveSlots * slotBytes} of them in reserve. Delete volumes or snapshots, or add space.");
    }
}

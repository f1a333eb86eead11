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
    private volatile int copies;
    private volatile WatermarkOptions marks;

    public PoolSpace(string poolName, PoolComponent[] components, int copies, LocalPoolOptions options, ILogger logger)
    {
        this.poolName = poolName;
        this.copies = copies;
        this.components = components;
        this.options = options;
        this.logger = logger;
        preference = [.. components];
        slotBytes = components[0].Layout.SlotBytes;
        chunkBytes = components[0].Layout.ChunkBytes;
        CountReserve();
        marks = options.Watermarks;
        State = marks.Next(WatermarkState.Ok, UsableSlots() * slotBytes, TotalSlots() * slotBytes);
    }

    /// <summary>All components now; each change makes a new list.</summary>
    public PoolComponent[] Components => components;

    /// <summary>On how many components each object is stored, where so many take objects.</summary>
    public int Copies => copies;

    /// <summary>
    /// Bytes of objects that fit in all; that new ones can use, without what lies on faulted components; and what is left of the reserve. Of a component that is evacuated only what it
    /// still holds counts.
    /// </summary>
    public ObjectStoreSpace Now
    {
        get
        {
            lock (gate)
                return new(TotalSlots() * slotBytes, UsableSlots() * slotBytes, Math.Min(FreeSlots(), ReserveSlots) * slotBytes);
        }
    }

    /// <summary>Bytes to be kept for replacing objects.</summary>
    public long ReservedBytes
    {
        get
        {
            lock (gate)
                return ReserveSlots * slotBytes;
        }
    }

    /// <summary>Bytes that are free on the components that take objects, each by itself, without one.</summary>
    public long FreeBytesWithout(PoolComponent? component)
    {
        lock (gate)
            return components.Where(other => other != component && other.TakesObjects).Sum(other => other.Slots.FreeSlots) * slotBytes;
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

    /// <summary>Nothing on a component counts any more.</summary>
    public void SetAside(PoolComponent component) => Change(() => component.IsSetAside = true);

    /// <summary>From now on objects are stored so many times.</summary>
    public void SetCopies(int count) => Change(() => copies = count);

    /// <summary>From now on these marks count.</summary>
    public void SetWatermarks(WatermarkOptions wanted) => Change(() => marks = wanted);

    /// <summary>How scarce space is that new objects can use, looked at whenever some is given out or back.</summary>
    public WatermarkState State { get; private set; }

    /// <summary>
    /// The reserve that the options ask for, in bytes. Without them a hundredth, 8 chunks or more, with which garbage collection and the catalog get along in a pool that is full; of a small pool
    /// a sixteenth.
    /// </summary>
    public static long ReserveBytes(LocalPoolOptions options, long totalBytes, int chunkBytes) =>
        options.ReserveBytes ?? Math.Max(2L * chunkBytes, Math.Min(Math.Max(8L * chunkBytes, totalBytes / 100), Math.Min(totalBytes / 16, 1L << 30)));

    /// <summary>
    /// Takes a run of slots in one chunk on each of <paramref name="wanted"/> components, none of them in <paramref name="besides"/>, or of all that take objects where there
    /// are fewer; those in <paramref name="avoided"/> come last. <paramref name="fromReserve"/>: the reserve may be used. OutOfSpace where there is none, Fatal where no component takes changes; nothing is taken then.
    /// </summary>
    public SlotRun[] Allocate(int slots, int wanted, IReadOnlyCollection<PoolComponent> besides, IReadOnlyCollection<PoolComponent> avoided, bool fromReserve)
    {
        SlotRun[] runs;
        lock (gate)
        {
            int takers = components.Count(component => component.TakesObjects && !besides.Contains(component));
            runs = new SlotRun[Math.Min(wanted, takers)];
            if (runs.Length == 0 && besides.Count > 0)
                return runs;
            if (runs.Length == 0 || !TryAllocate(slots, besides, avoided, fromReserve, runs))
                throw NoSpace(slots, runs.Length);
        }

        Watch();
        return runs;
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

    private bool TryAllocate(int slots, IReadOnlyCollection<PoolComponent> besides, IReadOnlyCollection<PoolComponent> avoided, bool fromReserve, SlotRun[] runs)
    {
        if (!fromReserve && FreeSlots() - slots < ReserveSlots)
            return false;
        // The reserve is kept in whole chunks: slots here and there would not do for an object that needs several.
        bool mayBeginChunk = fromReserve || EmptyChunks() > reserveChunks;
        if (copies > 1)
            Array.Sort(preference, ByFreeSlotsDescending);
        else if (options.Allocation == PoolAllocation.Spread)
            Array.Sort(preference, ByFreeShareDescending);
        int found = 0;
        foreach (PoolComponent component in avoided.Count == 0 ? preference : [.. preference.OrderBy(avoided.Contains)])
        {
            if (!component.TakesObjects || besides.Contains(component) || !component.Slots.TryAllocate(slots, mayBeginChunk, out int chunk, out int firstSlot))
                continue;
            runs[found++] = new SlotRun(component, chunk, firstSlot, slots);
            if (found == runs.Length)
                return true;
        }

        foreach (SlotRun run in runs.AsSpan(0, found))
        {
            if (run.Component.Slots.Free(run.Chunk, run.FirstSlot, run.Count))
                run.Component.Slots.FreeChunk(run.Chunk);
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

    private long TotalSlots() =>
        Fitting(component => !component.IsSetAside, component => component.IsLeaving ? UsedSlots(component) : component.Layout.SlotCount);

    private static long UsedSlots(PoolComponent component) => component.Layout.SlotCount - component.Slots.FreeSlots;

    private long EmptyChunks() => Fitting(component => component.TakesObjects, component => component.Slots.EmptyChunks);

    /// <summary>What new objects can use.</summary>
    private long UsableSlots() => Math.Max(0, FreeSlots() - ReserveSlots);

    private long FreeSlots() => Fitting(component => component.TakesObjects, component => component.Slots.FreeSlots);

    /// <summary>How many places fit that each take one on as many components as there are copies: pairs are limited by what the largest has no partner for.</summary>
    private long Fitting(Func<PoolComponent, bool> counts, Func<PoolComponent, long> places)
    {
        long sum = 0, largest = 0;
        int count = 0;
        foreach (PoolComponent component in components)
        {
            if (!counts(component))
                continue;
            long here = places(component);
            sum += here;
            largest = Math.Max(largest, here);
            count++;
        }

        return Math.Min(copies, count) > 1 ? Math.Min(sum / 2, sum - largest) : sum;
    }

    private static int ByFreeSlotsDescending(PoolComponent a, PoolComponent b) => b.Slots.FreeSlots.CompareTo(a.Slots.FreeSlots);

    /// <summary>Free shares a/A and b/B compare as a*B and b*A.</summary>
    private static int ByFreeShareDescending(PoolComponent a, PoolComponent b) =>
        ((Int128)b.Slots.FreeSlots * a.Layout.ChunkCount).CompareTo((Int128)a.Slots.FreeSlots * b.Layout.ChunkCount);

    private static void PunchChunk(SlotRun run)
    {
        try
        {
            run.Component.File.PunchHole(run.Component.Layout.SlotOffset(run.Chunk, 0), run.Component.Layout.ChunkBytes);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The chunk is as free as before, or its component is removed; only the file system does not get its space back until it is used again.
        }
    }

    private void Watch()
    {
        WatermarkState before, now;
        long freeBytes, totalBytes;
        lock (gate)
        {
            before = State;
            freeBytes = UsableSlots() * slotBytes;
            totalBytes = TotalSlots() * slotBytes;
            State = now = marks.Next(before, freeBytes, totalBytes);
        }

        LogLevel level = now == WatermarkState.Ok ? LogLevel.Information : LogLevel.Warning;
        if (now != before && logger.IsEnabled(level))
        {
            long lowMark = marks.LowMark(totalBytes), fullMark = marks.FullMark(totalBytes);
            PoolLog.WatermarkPassed(logger, level, poolName, now, freeBytes, totalBytes, lowMark, fullMark);
        }
    }

    private ObjectStoreException NoSpace(int slots, int wanted)
    {
        if (Array.TrueForAll(components, component => component.IsFaulted))
            return new(ObjectStoreError.Fatal, $"Pool '{poolName}' takes no changes: all its components failed. Check the devices, then start again.");
        return new(ObjectStoreError.OutOfSpace,
            $"Pool '{poolName}' is full: an object needs {(long)slots * slotBytes} bytes in one piece{(wanted > 1 ? $" on each of {wanted} components" : "")}, {FreeSlots() * slotBytes} of {TotalSlots() * slotBytes} bytes "
            + $"are free, {ReserveSlots * slotBytes} of them in reserve. Delete volumes or snapshots, or add space.");
    }
}

using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;
using Nito.AsyncEx;

namespace Lunaria.Backends.Pool;

/// <summary>
/// An open component: its file, label, table and taken slots. Owned by a <see cref="LocalPool"/>. Once the file failed in a way that leaves
/// its content unknown, the component is faulted: it is still read, but takes no change until the pool is opened again.
/// </summary>
internal sealed class PoolComponent : IDisposable
{
    private const int FailuresOfADevice = 4;

    private readonly ILogger logger;
    private readonly IDisposable held;
    private readonly AsyncLock labelling = new();
    private volatile Exception? fault;
    private volatile bool leaving;
    private volatile bool aside;
    private int failedWrites;
    private int failedReads;
    private long failedReadOffset = -1;

    /// <summary>Takes over file and lock of a probe that found a sound label.</summary>
    public PoolComponent(ComponentProbe probe, ILogger logger)
    {
        this.logger = logger;
        held = probe.Lock;
        File = probe.File!;
        Source = probe.Source;
        Label = probe.Label!;
        Layout = Label.Layout;
        Rounds = new FlushRounds(File);
        Slots = new SlotMap(Layout.ChunkCount);
        Table = new ObjectTable(this);
    }

    /// <summary>The open file.</summary>
    public IDiskFile File { get; }

    /// <summary>Where it lies.</summary>
    public PoolComponentSource Source { get; }

    /// <summary>What messages call it.</summary>
    public string DisplayPath => Source.DisplayPath;

    /// <summary>True where new objects may go to it: it has not failed, and its objects do not move away.</summary>
    public bool TakesObjects => fault is null && !IsLeaving;

    /// <summary>True while its objects move to the others; changed by <see cref="PoolSpace"/> only.</summary>
    public bool IsLeaving
    {
        get => leaving;
        set => leaving = value;
    }

    /// <summary>True once the labels of the others say that nothing on it counts any more; changed by <see cref="PoolSpace"/> only. It is faulted, too.</summary>
    public bool IsSetAside
    {
        get => aside;
        set => aside = value;
    }

    /// <summary>Its label as it is on the medium; changed by <see cref="WriteLabelAsync"/> only.</summary>
    public ComponentLabel Label { get; private set; }

    /// <summary>Where things lie on it.</summary>
    public ComponentLayout Layout { get; }

    /// <summary>Its shared flushes.</summary>
    public FlushRounds Rounds { get; }

    /// <summary>Its taken slots; guarded by <see cref="PoolSpace"/>.</summary>
    public SlotMap Slots { get; }

    /// <summary>Its object table.</summary>
    public ObjectTable Table { get; }

    /// <summary>True once it takes no changes any more.</summary>
    public bool IsFaulted => fault is not null;

    /// <summary>Why it takes no changes; null where it does.</summary>
    public string? FaultCause => fault?.Message;

    /// <summary>Writes bytes of an object that nothing names yet. A failure faults the component only in the end: see <see cref="FailsWrites"/>.</summary>
    public void WriteObject(long offsetBytes, ReadOnlySpan<byte> bytes)
    {
        try
        {
            File.Write(offsetBytes, bytes);
            Volatile.Write(ref failedWrites, 0);
        }
        catch (DiskFullException e) when (Source.IsDevice)
        {
            // What is pulled out has no length any more.
            throw Fault(new IOException("the device ends before its data: it is gone.", e));
        }
        catch (IOException e)
        {
            if (e is not DiskFullException)
                Interlocked.Increment(ref failedWrites);
            throw PoolErrors.ForWrite(e, DisplayPath);
        }
        catch (ObjectDisposedException e)
        {
            throw Fault(e);
        }
    }

    /// <summary>Reads bytes of an object; IOException.</summary>
    public async ValueTask ReadObjectAsync(long offsetBytes, Memory<byte> destination)
    {
        try
        {
            await File.ReadAsync(offsetBytes, destination);
            if (Volatile.Read(ref failedReads) != 0)
                Volatile.Write(ref failedReads, 0);
        }
        catch (IOException)
        {
            // One bad place that is read again and again is not a bad device.
            if (Interlocked.Exchange(ref failedReadOffset, offsetBytes) != offsetBytes)
                Interlocked.Increment(ref failedReads);
            throw;
        }
    }

    /// <summary>True where the last writes of object bytes have all failed.</summary>
    public bool FailsWrites => Volatile.Read(ref failedWrites) >= FailuresOfADevice;

    /// <summary>True where the last reads, at different places, have all failed.</summary>
    public bool FailsReads => Volatile.Read(ref failedReads) >= FailuresOfADevice;

    /// <summary>Everything written before is durable; a failure faults the component.</summary>
    public async ValueTask FlushAsync()
    {
        ThrowIfFaulted();
        try
        {
            await Rounds.FlushAsync();
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Fault(e);
        }
    }

    /// <summary>Writes label and table bytes, of which none may be lost; a failure faults the component.</summary>
    public void WriteMetadata(long offsetBytes, ReadOnlySpan<byte> bytes)
    {
        ThrowIfFaulted();
        try
        {
            File.Write(offsetBytes, bytes);
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Fault(e);
        }
    }

    /// <summary>Changes the label at both ends, one after the other, so that one is whole at any time. One change at a time.</summary>
    public async ValueTask WriteLabelAsync(Func<ComponentLabel, ComponentLabel> change)
    {
        using (await labelling.LockAsync())
        {
            ComponentLabel label = change(Label) with { Generation = Label.Generation + 1 };
            byte[] bytes = LabelCodec.Encode(label);
            WriteMetadata(0, bytes);
            await FlushAsync();
            WriteMetadata(Layout.BackLabelOffset, bytes);
            await FlushAsync();
            Label = label;
        }
    }

    /// <summary>Throws Fatal where the component takes no changes.</summary>
    public void ThrowIfFaulted()
    {
        if (fault is { } cause)
            throw FaultError(cause);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File.Dispose();
        held.Dispose();
    }

    /// <summary>It takes no changes from now on; the error says so. The first cause stays.</summary>
    public ObjectStoreException Fault(Exception cause)
    {
        if (Interlocked.CompareExchange(ref fault, cause, null) is null)
            PoolLog.ComponentFaulted(logger, DisplayPath, cause);
        return FaultError(cause);
    }

    /// <summary>Also that it is closed: one that was set aside can be removed while a change that began before still comes to it.</summary>
    private static bool IsFailure(Exception e) => e is IOException or ObjectDisposedException;

    private ObjectStoreException FaultError(Exception cause) =>
        new(ObjectStoreError.Fatal,
            $"Pool component {DisplayPath} failed and takes no changes: {cause.Message} Check the device, then start again.", cause);
}

using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Nito.AsyncEx;

namespace Lunaria.Backends.Pool;

/// <summary>
/// The object table of one component: two copies of fixed-size records. A record changes in the front copy first, durably, then in the back
/// copy: at any time one of them is whole, and the newer one counts. Thread-safe; owned by a <see cref="PoolComponent"/>.
/// </summary>
internal sealed class ObjectTable(PoolComponent component)
{
    /// <summary>Records by which the used part of the table grows.</summary>
    public const int GrowthRecords = 1024;

    private readonly AsyncLock growing = new();
    private readonly Stack<long> free = new();

    /// <summary>A record that no object has; grows the used part of the table where needed.</summary>
    public async ValueTask<long> TakeAsync()
    {
        long number;
        if (TryTake(out number))
            return number;
        using (await growing.LockAsync())
        {
            while (!TryTake(out number))
                await GrowAsync();
            return number;
        }
    }

    /// <summary>Gives back a record that says nothing in either copy.</summary>
    public void Return(long number)
    {
        lock (free)
            free.Push(number);
    }

    /// <summary>
    /// Makes a new record durable. Its back copy is written, too, but becomes durable with the round that is returned: until then the front
    /// copy is the only one, and must not be touched.
    /// </summary>
    public async ValueTask<long> StoreAsync(long number, TableRecord record)
    {
        Write(component.Layout.FrontTableOffset, number, record);
        await component.FlushAsync();
        Write(component.Layout.BackTableOffset, number, record);
        return component.Rounds.NextRound;
    }

    /// <summary>Clears a copy's record, durably, in both copies.</summary>
    public async ValueTask ClearAsync(ObjectCopy copy, ulong generation)
    {
        if (!component.Rounds.IsComplete(copy.DurableRound))
            await component.FlushAsync();
        await StoreAsync(copy.RecordNumber, TableRecord.Cleared(generation));
        await component.FlushAsync();
    }

    /// <summary>Writes one record into one copy.</summary>
    public void Write(long tableOffset, long number, in TableRecord record)
    {
        Span<byte> bytes = stackalloc byte[TableRecord.Bytes];
        TableRecordCodec.Encode(record, component.Label.ComponentId, number, bytes);
        component.WriteMetadata(tableOffset + number * TableRecord.Bytes, bytes);
    }

    private bool TryTake(out long number)
    {
        lock (free)
            return free.TryPop(out number);
    }

    /// <summary>
    /// Zeroes the next records in both copies, then lets the label say so: what lay there before is never taken for records, and later writes
    /// to them need no space from the file system.
    /// </summary>
    private async ValueTask GrowAsync()
    {
        long first = component.Label.RecordsFormatted;
        int count = (int)Math.Min(GrowthRecords, component.Layout.RecordCapacity - first);
        if (count == 0)
            throw new ObjectStoreException(ObjectStoreError.OutOfSpace,
                $"The object table of pool component {component.DisplayPath} is full: all {first} records are used or damaged.");
        byte[] zeros = new byte[count * TableRecord.Bytes];
        try
        {
            component.File.Write(component.Layout.FrontTableOffset + first * TableRecord.Bytes, zeros);
            component.File.Write(component.Layout.BackTableOffset + first * TableRecord.Bytes, zeros);
        }
        catch (IOException e)
        {
            throw PoolErrors.ForWrite(e, component.DisplayPath);
        }
        catch (ObjectDisposedException e)
        {
            throw component.Fault(e);
        }

        await component.FlushAsync();
        await component.WriteLabelAsync(label => label with { RecordsFormatted = first + count });
        for (long number = first + count - 1; number >= first; number--)
            Return(number);
    }
}

using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool;

/// <summary>
/// Reads both copies of a component's table when the pool is opened: the newer whole copy of each record counts, the other is written again.
/// Owned by <see cref="PoolAssembly"/>.
/// </summary>
internal sealed class TableLoader(PoolComponent component, List<PoolFinding> findings)
{
    private const int RecordsPerRead = 4096;

    private int repaired;

    /// <summary>The copies that the table names.</summary>
    public List<ObjectCopy> Live { get; } = [];

    /// <summary>The newest generation seen.</summary>
    public ulong NewestGeneration { get; private set; }

    /// <summary>Reads, repairs, and gives the free records to the component's table.</summary>
    public async ValueTask LoadAsync()
    {
        ComponentLayout layout = component.Layout;
        byte[] front = new byte[RecordsPerRead * TableRecord.Bytes], back = new byte[front.Length];
        // From the end, so that the records at the start are the first to be taken again.
        long formatted = component.Label.RecordsFormatted;
        for (long first = (formatted - 1) / RecordsPerRead * RecordsPerRead; first >= 0 && formatted > 0; first -= RecordsPerRead)
        {
            int count = (int)Math.Min(RecordsPerRead, formatted - first);
            Memory<byte> frontPart = front.AsMemory(0, count * TableRecord.Bytes), backPart = back.AsMemory(0, count * TableRecord.Bytes);
            await ReadAsync(layout.FrontTableOffset + first * TableRecord.Bytes, frontPart);
            await ReadAsync(layout.BackTableOffset + first * TableRecord.Bytes, backPart);
            for (int i = count - 1; i >= 0; i--)
                Load(first + i, frontPart.Span.Slice(i * TableRecord.Bytes, TableRecord.Bytes), backPart.Span.Slice(i * TableRecord.Bytes, TableRecord.Bytes));
        }

        // Also where nothing was repaired: a record may have come from the memory of a kernel that a dead process left it to.
        await component.FlushAsync();
        if (repaired > 0)
            findings.Add(new PoolFinding(PoolFindingKind.RecordRepaired, component.DisplayPath,
                $"{component.DisplayPath}: {repaired} table records were damaged or old in one copy and are repaired from the other."));
    }

    private void Load(long number, ReadOnlySpan<byte> front, ReadOnlySpan<byte> back)
    {
        bool frontIsSound = IsSound(number, front, out TableRecord frontRecord);
        bool same = front.SequenceEqual(back);
        TableRecord backRecord = frontRecord;
        bool backIsSound = same ? frontIsSound : IsSound(number, back, out backRecord);
        if (!frontIsSound && !backIsSound)
        {
            findings.Add(new PoolFinding(PoolFindingKind.RecordLost, component.DisplayPath,
                $"{component.DisplayPath}: both copies of table record {number} are damaged; the object that it named, if any, is lost. "
                + "The record is not used again."));
            return;
        }

        bool frontCounts = frontIsSound && (!backIsSound || frontRecord.Generation >= backRecord.Generation);
        TableRecord record = frontCounts ? frontRecord : backRecord;
        if (!frontIsSound || !backIsSound || frontRecord != backRecord)
            Repair(number, record, frontCounts);
        NewestGeneration = Math.Max(NewestGeneration, record.Generation);
        if (record.State == TableRecordState.Live)
            Live.Add(new ObjectCopy(component, number, record, durableRound: 0));
        else
            component.Table.Return(number);
    }

    private bool IsSound(long number, ReadOnlySpan<byte> bytes, out TableRecord record) =>
        TableRecordCodec.Decode(bytes, component.Label.ComponentId, number, out record) == TableRecordHealth.Sound && record.FitsInto(component.Layout);

    private void Repair(long number, in TableRecord record, bool frontCounts)
    {
        component.Table.Write(frontCounts ? component.Layout.BackTableOffset : component.Layout.FrontTableOffset, number, record);
        repaired++;
    }

    /// <summary>Reads a part of a copy. Pages that cannot be read become damaged records, which the other copy repairs.</summary>
    private async ValueTask ReadAsync(long offset, Memory<byte> destination)
    {
        try
        {
            await component.File.ReadAsync(offset, destination);
            return;
        }
        catch (EndOfStreamException e)
        {
            throw PoolMembership.Refuse($"Pool component {component.DisplayPath} ends inside its object table: it was truncated. Restore it from a backup.", e);
        }
        catch (IOException)
        {
            // Page by page then.
        }

        for (int at = 0; at < destination.Length; at += ComponentLayout.PageBytes)
        {
            Memory<byte> page = destination.Slice(at, Math.Min(ComponentLayout.PageBytes, destination.Length - at));
            try
            {
                await component.File.ReadAsync(offset + at, page);
            }
            catch (IOException)
            {
                page.Span.Fill(0xFF);
            }
        }
    }
}

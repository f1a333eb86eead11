using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Finds what an earlier life left on a device, also one that was killed: records that are intact and name a segment which is still that segment. Whether the bytes are right shows
/// when they are read. Used once per device.
/// </summary>
internal sealed class CacheLoader(CacheSlots slots, SegmentTable segments, CacheDevice device)
{
    private const int RecordsPerRead = 4096;
    private readonly List<(int Slot, CacheRecord Record)> _found = [];
    private readonly Dictionary<ulong, CacheClient> _clients = slots.Clients.ToDictionary(client => client.Id);

    /// <summary>The highest number of an admission that was found.</summary>
    public ulong LastAdmission { get; private set; }

    /// <summary>Loads the device; its other slots are free then. IOException where it cannot be read.</summary>
    public async Task LoadAsync()
    {
        if (!device.IsNew)
        {
            await FindAsync();
            byte[] hints = new byte[device.Slots];
            await device.ReadHintsAsync(hints);
            _found.Sort((left, right) => left.Record.Admission.CompareTo(right.Record.Admission));
            foreach ((int slot, CacheRecord record) in _found)
                if (record.Kind != SlotKind.References)
                    Restore(slot, record, hints[slot - device.FirstSlot] == 1);
            foreach ((int slot, CacheRecord record) in _found)
                if (record.Kind == SlotKind.References)
                    await RestoreReferencesAsync(slot, record);
            LastAdmission = _found.Count == 0 ? 0 : _found[^1].Record.Admission;
        }
        slots.AddFree(device);
    }

    private async Task FindAsync()
    {
        byte[] buffer = new byte[RecordsPerRead * CacheRecord.Bytes];
        for (int first = 0; first < device.Slots; first += RecordsPerRead)
        {
            int count = Math.Min(RecordsPerRead, device.Slots - first);
            await device.ReadRecordsAsync(device.FirstSlot + first, buffer.AsMemory(0, count * CacheRecord.Bytes));
            for (int i = 0; i < count; i++)
                if (CacheRecord.TryParse(buffer.AsSpan(i * CacheRecord.Bytes), out CacheRecord? record) && (record.Kind != SlotKind.Window || IsCurrent(record)))
                    _found.Add((device.FirstSlot + first + i, record));
        }
    }

    private bool IsCurrent(CacheRecord record) =>
        segments.TryGet(new(record.Segment), out SegmentRow row) && row.Sequence == record.Sequence && segments.VolumeUuid(row.Volume) == record.Line
        && record.Window << CacheWindow.BlocksShift < row.BlockCount;

    private void Restore(int slot, CacheRecord record, bool isProved)
    {
        CacheClient client = ClientOf(record);
        slots.Reclaim(slot);
        if (record.Kind == SlotKind.Window)
        {
            slots.Insert(client, slot, record.Key, record.Valid, 0, ref isProved);
            return;
        }
        if (!slots.Open(client, slot, SlotKind.Content))
            return;
        for (int i = 0; i < CacheWindow.Blocks; i++)
            if ((record.Valid & CacheWindow.Mask(i, 1)) != 0)
                slots.AddContent(new(record.Hashes[i], record.Crcs[i]), slot, i);
        slots.Close(slot, isProved);
    }

    private async Task RestoreReferencesAsync(int slot, CacheRecord record)
    {
        byte[] page = new byte[CacheWindow.Bytes];
        await device.ReadAsync(slot, 0, page);
        slots.Reclaim(slot);
        if (!slots.Open(ClientOf(record), slot, SlotKind.References))
            return;
        for (int i = 0; i < CacheRecord.PerSlot; i++)
            if (CacheRecord.TryParse(page.AsSpan(i * CacheRecord.Bytes), out CacheRecord? reference) && reference.Kind == SlotKind.References && IsCurrent(reference))
                slots.AddReference(reference.Key, new([.. reference.Hashes.Zip(reference.Crcs, (hash, crc) => new ContentKey(hash, crc))], reference.Valid, slot));
        slots.Close(slot);
    }

    private CacheClient ClientOf(CacheRecord record) => _clients.GetValueOrDefault(record.Owner, slots.Common);
}

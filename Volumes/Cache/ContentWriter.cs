using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Fills slots of content block by block, and slots of references record by record. Owned by the admission, and used one call at a time.
/// </summary>
internal sealed class ContentWriter(CacheSlots slots, Guid poolId)
{
    private readonly ContentHasher _hasher = new(poolId);
    private readonly byte[] _record = new byte[CacheRecord.Bytes];
    private readonly ContentKey[] _keys = new ContentKey[CacheWindow.Blocks];
    private int _slot = -1, _blocks, _page = -1, _records;

    /// <summary>The key of a block.</summary>
    public ContentKey Key(ReadOnlySpan<byte> block) => _hasher.Key(block);

    /// <summary>Writes a block nobody has; false = no slot could be had. <paramref name="device"/>: the one that was written last.</summary>
    public bool TryWrite(CacheClient client, ContentKey key, ReadOnlySpan<byte> block, ref ulong admission, List<int> proved, ref CacheDevice? device)
    {
        if (!TryOpen(client, ref _slot, ref _blocks, CacheWindow.Blocks, SlotKind.Content, proved, ref device))
            return false;
        device!.Write(_slot, _blocks * SegmentHeader.BlockBytes, block);
        _keys[_blocks++] = key;
        WriteRecord(device, _slot, SlotKind.Content, client, ++admission, CacheWindow.Mask(0, _blocks), _keys.AsSpan(0, _blocks));
        slots.AddContent(key, _slot, _blocks - 1);
        CloseWhereFull(ref _slot, _blocks, CacheWindow.Blocks, device);
        return true;
    }

    /// <summary>Writes what a window consists of.</summary>
    public void WriteReference(
        CacheClient client, in WindowIdentity window, ContentKey[] keys, ushort valid, ref ulong admission, List<int> proved, ref CacheDevice? device)
    {
        bool isNew = _page < 0;
        if (!TryOpen(client, ref _page, ref _records, CacheRecord.PerSlot, SlotKind.References, proved, ref device))
            return;
        if (isNew || _records == 0)
        {
            // What the slot held before must not be taken for references.
            device!.Write(_page, 0, new byte[CacheWindow.Bytes]);
            WriteRecord(device, _page, SlotKind.References, client, ++admission, 0, []);
        }
        new CacheRecord(
            SlotKind.References, CacheWindow.Segment(window.Key).Value, CacheWindow.Index(window.Key), window.Sequence, window.Line, client.Id, ++admission, valid,
            [.. keys.Select(key => key.Crc)], [.. keys.Select(key => key.Hash)]).Write(_record);
        device!.Write(_page, _records++ * CacheRecord.Bytes, _record);
        slots.AddReference(window.Key, new(keys, valid, _page));
        CloseWhereFull(ref _page, _records, CacheRecord.PerSlot, device);
    }

    /// <summary>A slot with room: the one that is open, where it still is what it was, else a new one.</summary>
    private bool TryOpen(CacheClient client, ref int slot, ref int used, int room, SlotKind kind, List<int> proved, ref CacheDevice? device)
    {
        if (slot >= 0 && used < room && slots.IsOpen(slot, kind) && (device = slots.DeviceOf(slot)) is not null)
            return true;
        if (slot >= 0)
            slots.Close(slot);
        used = 0;
        slot = slots.Take(client, proved);
        device = slot < 0 ? null : slots.DeviceOf(slot);
        if (device is not null && slots.Open(client, slot, kind))
            return true;
        slot = -1;
        return false;
    }

    private void CloseWhereFull(ref int slot, int used, int room, CacheDevice device)
    {
        if (used < room)
            return;
        device.WriteHint(slot, false);
        slots.Close(slot);
        slot = -1;
    }

    private void WriteRecord(CacheDevice device, int slot, SlotKind kind, CacheClient client, ulong admission, ushort valid, ReadOnlySpan<ContentKey> keys)
    {
        var crcs = new uint[keys.Length];
        var hashes = new ulong[keys.Length];
        for (int i = 0; i < keys.Length; i++)
            (hashes[i], crcs[i]) = (keys[i].Hash, keys[i].Crc);
        new CacheRecord(kind, 0, 0, 0, Guid.Empty, client.Id, admission, valid, crcs, hashes).Write(_record);
        device.WriteRecord(slot, _record);
    }
}

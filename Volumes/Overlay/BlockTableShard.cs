namespace Lunaria.Volumes.Overlay;

/// <summary>
/// One open-addressing table with linear probing; removal moves followers back, so there are no tombstones. Part of a <see cref="BlockTable"/>.
/// The hash given with a block has the shard's bits shifted out.
/// </summary>
internal struct BlockTableShard
{
    public const int SlotBytes = 16;
    private const int MinSlots = 16, GroupBits = 2;

    // Block (40 bits) and the upper 24 bits of the CRC; LSN in pages (56 bits) and its lower 8. No payload is at LSN 0: that page is a header.
    private readonly record struct Slot(ulong BlockAndCrc, ulong PageAndCrc)
    {
        public bool IsEmpty => PageAndCrc == 0;
        public ulong Block => BlockAndCrc >> 24;
        public ulong Lsn => PageAndCrc >> 8 << 12;
        public uint Crc => (uint)(BlockAndCrc << 8) | (byte)PageAndCrc;

        public static Slot Of(ulong block, ulong lsn, uint crc) => new((block << 24) | (crc >> 8), (lsn >> 12 << 8) | (byte)crc);
    }

    private Slot[]? _slots;
    private int _count;

    public readonly int SlotCount => _slots?.Length ?? 0;

    /// <summary>True where the block had no entry before.</summary>
    public bool Set(ulong block, ulong hash, ulong lsn, uint crc)
    {
        if (_slots is null || _count >= _slots.Length / 4 * 3)
            Resize(Math.Max(MinSlots, SlotCount * 2));
        int at = Find(block, hash);
        bool added = _slots![at].IsEmpty;
        _slots[at] = Slot.Of(block, lsn, crc);
        if (added)
            _count++;
        return added;
    }

    public readonly bool TryGet(ulong block, ulong hash, out ulong lsn, out uint crc)
    {
        if (_count == 0)
        {
            (lsn, crc) = (0, 0);
            return false;
        }
        Slot slot = _slots![Find(block, hash)];
        (lsn, crc) = (slot.Lsn, slot.Crc);
        return !slot.IsEmpty;
    }

    public bool Remove(ulong block, ulong hash, ulong? lsn)
    {
        if (_count == 0)
            return false;
        int at = Find(block, hash);
        if (_slots![at].IsEmpty || (lsn is { } wanted && _slots[at].Lsn != wanted))
            return false;
        RemoveAt(at);
        Shrink();
        return true;
    }

    public int RemoveRange(ulong startBlock, ulong lengthBlocks)
    {
        int before = _count;
        for (int at = 0; at < SlotCount && _count > 0;)
        {
            // The slot that moves into the gap is looked at next; one moved across the end was looked at before.
            if (!_slots![at].IsEmpty && _slots[at].Block - startBlock < lengthBlocks)
                RemoveAt(at);
            else
                at++;
        }
        int removed = before - _count;
        Shrink();
        return removed;
    }

    public readonly void CopyBelow(ulong lsn, List<OverlayEntry> destination)
    {
        foreach (Slot slot in _slots ?? [])
            if (!slot.IsEmpty && slot.Lsn < lsn)
                destination.Add(new(slot.Block, slot.Lsn, slot.Crc));
    }

    private readonly int Find(ulong block, ulong hash)
    {
        Slot[] slots = _slots!;
        int at = Home(block, hash);
        while (!slots[at].IsEmpty && slots[at].Block != block)
            at = (at + 1) & (slots.Length - 1);
        return at;
    }

    private readonly int Home(ulong block, ulong hash)
    {
        int groups = _slots!.Length >> GroupBits;
        return ((int)(hash >> 40) & (groups - 1)) << GroupBits | ((int)block & ((1 << GroupBits) - 1));
    }

    private void RemoveAt(int gap)
    {
        Slot[] slots = _slots!;
        int mask = slots.Length - 1;
        for (int at = (gap + 1) & mask; !slots[at].IsEmpty; at = (at + 1) & mask)
        {
            // A slot stays where the gap is before its home.
            int home = Home(slots[at].Block, BlockTable.Hash(slots[at].Block) << 8);
            if (((at - home) & mask) < ((at - gap) & mask))
                continue;
            slots[gap] = slots[at];
            gap = at;
        }
        slots[gap] = default;
        _count--;
    }

    private void Shrink()
    {
        if (_count == 0)
            _slots = null;
        else if (_slots!.Length > MinSlots && _count < _slots.Length / 8)
            Resize(_slots.Length / 2);
    }

    private void Resize(int slotCount)
    {
        Slot[]? old = _slots;
        _slots = new Slot[slotCount];
        foreach (Slot slot in old ?? [])
            if (!slot.IsEmpty)
                _slots[Find(slot.Block, BlockTable.Hash(slot.Block) << 8)] = slot;
    }
}

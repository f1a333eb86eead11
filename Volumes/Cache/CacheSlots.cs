using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>A part of a slot that blocks are read from. <paramref name="SlotKey"/>: what the slot held when it was found.</summary>
internal readonly record struct SlotPiece(int Slot, ulong SlotKey, int FirstIndex, int Blocks);

/// <summary>
/// Which window is in which slot of which device, whose it is and which leaves next. One lock, never held over I/O. Owned by the cache; thread-safe.
/// </summary>
internal sealed partial class CacheSlots
{
    // Keys of slots that hold no window: above all keys of windows.
    private const ulong OwnKeys = 1UL << 63;

    private readonly Lock _lock = new();
    private readonly CacheTable _table = new();
    private readonly ContentIndex _content = new();
    private readonly Dictionary<Guid, CacheClient> _clients = [];
    private readonly List<CacheClient?> _numbers = [];
    private readonly CachePartition _shared;
    private readonly List<int> _proved = [];
    private GhostTable _ghosts = new(0);
    private volatile CacheDevice[] _devices = [];
    private int _free = -1, _liveSlots;
    private long _used, _dropped;
    private ulong _nextOwnKey = OwnKeys;

    public CacheSlots()
    {
        _shared = new(_table);
        Common = Client(Guid.Empty);
    }

    /// <summary>Who reads what is no volume.</summary>
    public CacheClient Common { get; }

    /// <summary>Devices in use.</summary>
    public IReadOnlyList<CacheDevice> Devices => _devices;

    /// <summary>True where there is a device.</summary>
    public bool Any => _devices.Length > 0;

    /// <summary>True where a window can be taken in without another one's leaving.</summary>
    public bool HasUnused => Volatile.Read(ref _free) >= 0;

    /// <summary>Slots of all devices in use.</summary>
    public int LiveSlots => _liveSlots;

    /// <summary>The device of a slot; null where it has left.</summary>
    public CacheDevice? DeviceOf(int slot)
    {
        foreach (CacheDevice device in _devices)
            if (slot >= device.FirstSlot && slot < device.FirstSlot + device.Slots)
                return device;
        return null;
    }

    /// <summary>
    /// Where blocks of a window are; 0 = not all of them are there. <paramref name="pieces"/> has room for as many as blocks. Allocates nothing.
    /// </summary>
    public int Find(ulong key, int firstBlock, int blocks, Span<SlotPiece> pieces)
    {
        ushort mask = CacheWindow.Mask(firstBlock, blocks);
        lock (_lock)
        {
            int slot = _table.Find(key);
            if (slot >= 0)
            {
                pieces[0] = new(slot, key, firstBlock, blocks);
                return (_table[slot].Valid & mask) == mask ? 1 : 0;
            }
            if (_content.FindReference(key) is not { } reference || (reference.Valid & mask) != mask)
                return 0;
            int count = 0;
            for (int i = firstBlock; i < firstBlock + blocks; i++)
            {
                int place = _content.Find(reference.Blocks[i]);
                if (place < 0)
                    return 0;
                (int at, int index) = Math.DivRem(place, CacheWindow.Blocks);
                if (count > 0 && pieces[count - 1] is var last && last.Slot == at && last.FirstIndex + last.Blocks == index)
                    pieces[count - 1] = last with { Blocks = last.Blocks + 1 };
                else
                    pieces[count++] = new(at, _table[at].Key, index, 1);
            }
            if (_table[reference.Slot].Uses < CacheEntry.MaxUses)
                _table[reference.Slot].Uses++;
            return count;
        }
    }

    /// <summary>
    /// What was read from the pieces is right: true where they still are what they were, so that it counts as use. Called after the read.
    /// </summary>
    public bool Confirm(CacheClient client, ReadOnlySpan<SlotPiece> pieces)
    {
        lock (_lock)
        {
            int blocks = 0;
            foreach (ref readonly SlotPiece piece in pieces)
            {
                ref CacheEntry entry = ref _table[piece.Slot];
                if (entry.Key != piece.SlotKey)
                    return false;
                ushort mask = CacheWindow.Mask(piece.FirstIndex, piece.Blocks);
                if ((entry.Touched & mask) != 0 && entry.Uses < CacheEntry.MaxUses)
                    entry.Uses++;
                entry.Touched |= mask;
                blocks += piece.Blocks;
            }
            client.HitBytes += (long)blocks * SegmentHeader.BlockBytes;
            return true;
        }
    }

    /// <summary>What the piece's slot holds is not what it should be: it is given up.</summary>
    public void Drop(in SlotPiece piece)
    {
        lock (_lock)
        {
            if (_table[piece.Slot].Key != piece.SlotKey)
                return;
            _dropped++;
            Release(piece.Slot);
        }
    }

    /// <summary>True where all of a window's blocks can be found, in whatever way.</summary>
    public bool Contains(ulong key, int blocks)
    {
        Span<SlotPiece> pieces = stackalloc SlotPiece[CacheWindow.Blocks];
        return Find(key, 0, blocks, pieces) > 0;
    }

    /// <summary>The segment is deleted: nothing of it is kept.</summary>
    public void Forget(SegmentId segment, int blockCount)
    {
        lock (_lock)
            for (int window = 0; window << CacheWindow.BlocksShift < blockCount; window++)
            {
                ulong key = CacheWindow.Key(segment, window);
                if (_table.Find(key) is >= 0 and int slot)
                    Release(slot);
                _content.RemoveReference(key);
            }
    }

    /// <summary>Who fills a slot, or everybody where his volume was deleted meanwhile.</summary>
    private CacheClient Known(CacheClient client) => _numbers[client.Number] == client ? client : Common;

    private void Fill(CacheClient client, int slot, SlotKind kind, ushort valid, ushort touched)
    {
        ref CacheEntry entry = ref _table[slot];
        (entry.Owner, entry.Kind, entry.Valid, entry.Touched, entry.Uses) = (client.Number, kind, valid, touched, 0);
        client.Slots++;
        _used++;
    }

    /// <summary>The partition that has most over its reserve.</summary>
    private CachePartition? Richest()
    {
        CachePartition? richest = null;
        foreach (CacheClient? client in _numbers)
            if (client is { Partition: var partition } && partition.Count - partition.ReserveSlots > Math.Max(0, richest is null ? 0 : richest.Count - richest.ReserveSlots))
                richest = partition;
        return richest;
    }

    /// <summary>A slot of the partition without what it held; -1 = it has none.</summary>
    private int Evict(CachePartition partition)
    {
        int slot = partition.Evict(_ghosts, _proved);
        if (slot < 0)
            return -1;
        if (_numbers[_table[slot].Owner] is { } owner)
            owner.Evictions++;
        Empty(slot);
        return slot;
    }

    private void Release(int slot)
    {
        if (_table[slot].Place is SlotPlace.Small or SlotPlace.Main)
        {
            _numbers[_table[slot].Owner]!.Partition.Remove(slot);
            Empty(slot);
            Free(slot);
        }
        else if (_table[slot].Place == SlotPlace.Pending)
        {
            Empty(slot); // Who fills it finds that it has no key any more.
        }
    }

    private void Empty(int slot)
    {
        ref CacheEntry entry = ref _table[slot];
        if (entry.Kind != SlotKind.Window)
            _content.RemoveSlot(slot);
        if (entry.Key != 0 && _numbers[entry.Owner] is { } owner)
        {
            owner.Slots--;
            _used--;
        }
        _table.Remove(slot);
        (entry.Valid, entry.Touched, entry.Uses) = (0, 0, 0);
    }

    private void Free(int slot)
    {
        ref CacheEntry entry = ref _table[slot];
        (entry.Place, entry.Older, entry.Newer) = (SlotPlace.Free, _free, -1);
        _free = slot;
    }
}

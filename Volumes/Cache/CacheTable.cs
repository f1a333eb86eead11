using System.Numerics;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// The slots of all cache devices in memory: which window is where, and the links of the queues they are in. Numbers of slots run on over the devices. Owned by the cache
/// and used under its lock.
/// </summary>
internal sealed class CacheTable
{
    private CacheEntry[] _entries = [];
    private int[] _buckets = [-1];

    /// <summary>Slots there is room for.</summary>
    public int Capacity => _entries.Length;

    /// <summary>Bytes of memory that the table takes.</summary>
    public long MemoryBytes => 28L * _entries.Length + 4L * _buckets.Length;

    /// <summary>One slot.</summary>
    public ref CacheEntry this[int slot] => ref _entries[slot];

    /// <summary>Adds slots behind the others, all <see cref="SlotPlace.Gone"/>; gives the number of the first.</summary>
    public int Grow(int slots)
    {
        int first = _entries.Length;
        Array.Resize(ref _entries, first + slots);
        for (int i = first; i < _entries.Length; i++)
            _entries[i] = new() { HashNext = -1, Older = -1, Newer = -1, Place = SlotPlace.Gone };
        _buckets = new int[BitOperations.RoundUpToPowerOf2((uint)_entries.Length / 2 + 1)];
        _buckets.AsSpan().Fill(-1);
        for (int i = 0; i < first; i++)
            if (_entries[i].Key != 0)
                Link(i);
        return first;
    }

    /// <summary>The slot of a window; -1 = none. Allocates nothing.</summary>
    public int Find(ulong key)
    {
        int slot = _buckets[Bucket(key)];
        while (slot >= 0 && _entries[slot].Key != key)
            slot = _entries[slot].HashNext;
        return slot;
    }

    /// <summary>The window can be found from now on; it is in no other slot.</summary>
    public void Insert(int slot, ulong key)
    {
        _entries[slot].Key = key;
        Link(slot);
    }

    /// <summary>The window in the slot can be found no more.</summary>
    public void Remove(int slot)
    {
        ref CacheEntry entry = ref _entries[slot];
        if (entry.Key == 0)
            return;
        ref int link = ref _buckets[Bucket(entry.Key)];
        while (link != slot)
            link = ref _entries[link].HashNext;
        link = entry.HashNext;
        (entry.Key, entry.HashNext) = (0, -1);
    }

    private void Link(int slot)
    {
        ref int head = ref _buckets[Bucket(_entries[slot].Key)];
        _entries[slot].HashNext = head;
        head = slot;
    }

    private uint Bucket(ulong key) => (uint)(key * 0x9E3779B97F4A7C15 >> 32) & (uint)(_buckets.Length - 1);
}

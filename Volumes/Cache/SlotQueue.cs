namespace Lunaria.Volumes.Cache;

/// <summary>Slots in the order in which they came, linked through the table. Owned by a partition; used under the cache's lock.</summary>
internal sealed class SlotQueue(CacheTable table)
{
    private int _newest = -1;

    /// <summary>The slot that came first; -1 = none.</summary>
    public int Oldest { get; private set; } = -1;

    /// <summary>Slots in the queue.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a slot as the newest.</summary>
    public void Add(int slot)
    {
        ref CacheEntry entry = ref table[slot];
        (entry.Older, entry.Newer) = (_newest, -1);
        if (_newest >= 0)
            table[_newest].Newer = slot;
        else
            Oldest = slot;
        _newest = slot;
        Count++;
    }

    /// <summary>Takes a slot out, wherever it is.</summary>
    public void Remove(int slot)
    {
        ref CacheEntry entry = ref table[slot];
        if (entry.Newer >= 0)
            table[entry.Newer].Older = entry.Older;
        else
            _newest = entry.Older;
        if (entry.Older >= 0)
            table[entry.Older].Newer = entry.Newer;
        else
            Oldest = entry.Newer;
        (entry.Older, entry.Newer) = (-1, -1);
        Count--;
    }
}

namespace Lunaria.Volumes.Cache;

/// <summary>Volumes, their policies and what is counted.</summary>
internal sealed partial class CacheSlots
{
    /// <summary>The volume's client, made where it is not known.</summary>
    public CacheClient Client(Guid volume)
    {
        lock (_lock)
        {
            if (_clients.TryGetValue(volume, out CacheClient? client))
                return client;
            int number = _numbers.IndexOf(null);
            if (number < 0)
            {
                number = _numbers.Count;
                if (number > ushort.MaxValue)
                    return Common;
                _numbers.Add(null);
            }
            client = new((ushort)number, volume, _shared);
            _numbers[number] = client;
            _clients.Add(volume, client);
            return client;
        }
    }

    /// <summary>The volume's client; null where it is not known.</summary>
    public CacheClient? FindClient(Guid volume)
    {
        lock (_lock)
            return _clients.GetValueOrDefault(volume);
    }

    /// <summary>The volume is no more; what it has is everybody's.</summary>
    public void RemoveClient(Guid volume)
    {
        lock (_lock)
        {
            if (volume == Guid.Empty || !_clients.Remove(volume, out CacheClient? client))
                return;
            Move(client, Common, _shared);
            _numbers[client.Number] = null;
        }
    }

    /// <summary>Another policy, at once; what is over a new limit leaves.</summary>
    public void SetPolicy(CacheClient client, CachePolicy policy)
    {
        lock (_lock)
        {
            client.Policy = policy;
            bool isApart = policy.LimitBytes > 0 || policy.ReserveBytes > 0;
            if (isApart && client.Partition == _shared)
                Move(client, client, new(_table));
            else if (!isApart && client.Partition != _shared)
                Move(client, client, _shared);
            if (!isApart)
                return;
            client.Partition.LimitSlots = policy.LimitBytes > 0 ? policy.LimitBytes / CacheWindow.Bytes : long.MaxValue;
            client.Partition.ReserveSlots = policy.ReserveBytes / CacheWindow.Bytes;
            while (client.Partition.Count > client.Partition.LimitSlots && Evict(client.Partition) is >= 0 and int slot)
                Free(slot);
        }
    }

    /// <summary>So much came from memory.</summary>
    public void CountHit(CacheClient client, int bytes)
    {
        lock (_lock)
            client.HitBytes += bytes;
    }

    /// <summary>So much had to come from the store.</summary>
    public void CountMiss(CacheClient client, int bytes)
    {
        lock (_lock)
            client.MissBytes += bytes;
    }

    /// <summary>What the volume has and has had.</summary>
    public VolumeCacheStatus GetStatus(CacheClient client)
    {
        lock (_lock)
            return new(client.Volume, client.Policy, client.Slots * CacheWindow.Bytes, client.HitBytes, client.MissBytes, client.Evictions);
    }

    /// <summary>All clients.</summary>
    public IReadOnlyList<CacheClient> Clients
    {
        get
        {
            lock (_lock)
                return [.. _clients.Values];
        }
    }

    /// <summary>Sums over all: used slots, references, distinct blocks, dropped slots, memory.</summary>
    public (long Used, long References, long ContentBlocks, long Dropped, long MemoryBytes) GetTotals()
    {
        lock (_lock)
            return (_used, _content.References, _content.Blocks, _dropped, _table.MemoryBytes + _ghosts.MemoryBytes + _content.MemoryBytes);
    }

    /// <summary>Bytes used on a device.</summary>
    public long UsedBytes(CacheDevice device)
    {
        long used = 0;
        lock (_lock)
            for (int slot = device.FirstSlot; slot < device.FirstSlot + device.Slots; slot++)
                if (_table[slot].Key != 0)
                    used++;
        return used * CacheWindow.Bytes;
    }

    /// <summary>All slots of a client become another's, in another partition, in about their order.</summary>
    private void Move(CacheClient from, CacheClient to, CachePartition partition)
    {
        CachePartition before = from.Partition;
        for (int slot = 0; slot < _table.Capacity; slot++)
        {
            ref CacheEntry entry = ref _table[slot];
            if (entry.Owner != from.Number || entry.Key == 0)
                continue;
            entry.Owner = to.Number;
            if (entry.Place is not (SlotPlace.Small or SlotPlace.Main))
                continue;
            bool isProved = entry.Place == SlotPlace.Main;
            before.Remove(slot);
            partition.Add(slot, isProved);
        }
        if (from != to)
        {
            to.Slots += from.Slots;
            from.Slots = 0;
        }
        from.Partition = partition;
    }
}

namespace Lunaria.Volumes.Cache;

/// <summary>Devices that come and go.</summary>
internal sealed partial class CacheSlots
{
    // Numbers that devices left behind, for one of the same size.
    private readonly List<(int First, int Slots)> _gaps = [];

    /// <summary>Makes room for a device's slots; they are used once <see cref="AddFree"/> is called.</summary>
    public void Add(CacheDevice device)
    {
        lock (_lock)
        {
            int gap = _gaps.FindIndex(gap => gap.Slots == device.Slots);
            device.FirstSlot = gap >= 0 ? _gaps[gap].First : _table.Grow(device.Slots);
            if (gap >= 0)
                _gaps.RemoveAt(gap);
            _liveSlots += device.Slots;
            _ghosts = new(_liveSlots);
            _devices = [.. _devices, device];
        }
    }

    /// <summary>The slots of a new device that hold nothing can be taken.</summary>
    public void AddFree(CacheDevice device)
    {
        lock (_lock)
            for (int slot = device.FirstSlot + device.Slots - 1; slot >= device.FirstSlot && _devices.Contains(device); slot--)
                if (_table[slot].Place == SlotPlace.Gone)
                    Free(slot);
    }

    /// <summary>A slot of a new device is put to what an earlier life left in it; it is then as if just taken.</summary>
    public void Reclaim(int slot)
    {
        lock (_lock)
            if (DeviceOf(slot) is not null)
                _table[slot].Place = SlotPlace.Pending;
    }

    /// <summary>The device is not used from now on; what it holds is lost.</summary>
    public void Remove(CacheDevice device)
    {
        lock (_lock)
        {
            if (!_devices.Contains(device))
                return;
            _devices = [.. _devices.Where(other => other != device)];
            _liveSlots -= device.Slots;
            _gaps.Add((device.FirstSlot, device.Slots));
            for (int slot = device.FirstSlot; slot < device.FirstSlot + device.Slots; slot++)
            {
                if (_table[slot].Place is SlotPlace.Small or SlotPlace.Main || _table[slot].Key != 0)
                    Release(slot);
                _table[slot].Place = SlotPlace.Gone;
            }
            // The free list may run through it: it is made anew.
            _free = -1;
            foreach (CacheDevice other in _devices)
                for (int slot = other.FirstSlot + other.Slots - 1; slot >= other.FirstSlot; slot--)
                    if (_table[slot].Place == SlotPlace.Free)
                        Free(slot);
        }
    }

    /// <summary>Keys of the windows that have proved themselves, of one client.</summary>
    public List<(ulong Key, Guid Volume)> ListProved()
    {
        List<(ulong, Guid)> keys = [];
        lock (_lock)
            foreach (CacheDevice device in _devices)
                for (int slot = device.FirstSlot; slot < device.FirstSlot + device.Slots; slot++)
                    if (_table[slot] is { Place: SlotPlace.Main, Kind: SlotKind.Window } entry && _numbers[entry.Owner] is { } owner)
                        keys.Add((entry.Key, owner.Volume));
        return keys;
    }
}

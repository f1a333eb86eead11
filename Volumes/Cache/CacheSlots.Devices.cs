namespace Lunaria.Volumes.Cache;

/// <summary>Devices that come and go.</summary>
internal sealed partial class CacheSlots
{
    // Numbers that devices left behind, for one of the same size.
    private readonly List<(int First, int Slots)> _gaps = [];

    // 16 GiB of windows in some 8 MiB of memory.
    private const int MaxDeparted = 1 << 18;
    private List<(ulong Key, Guid Volume)> _departed = [];

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
            Remember(device);
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

    /// <summary>Windows that were in use on devices that left since the last call, and whose they are.</summary>
    public List<(ulong Key, Guid Volume)> TakeDeparted()
    {
        lock (_lock)
        {
            List<(ulong, Guid)> departed = _departed;
            _departed = [];
            return departed;
        }
    }

    /// <summary>The window is worth more than probation when it comes.</summary>
    public void Expect(ulong key)
    {
        lock (_lock)
            _ghosts.Add(key);
    }

    /// <summary>Keeps in mind what is in use on a device that leaves.</summary>
    private void Remember(CacheDevice device)
    {
        for (int slot = device.FirstSlot; slot < device.FirstSlot + device.Slots && _departed.Count < MaxDeparted; slot++)
        {
            ref CacheEntry entry = ref _table[slot];
            // References are found, too, while their slot is being filled.
            if (entry.Key == 0 || _numbers[entry.Owner] is not { } owner)
                continue;
            if (entry.Kind == SlotKind.References)
                foreach (ulong window in _content.WindowsOf(slot))
                    _departed.Add((window, owner.Volume));
            else if (entry.Kind == SlotKind.Window && IsProved(in entry))
                _departed.Add((entry.Key, owner.Volume));
        }
    }

    private static bool IsProved(in CacheEntry entry) => entry.Place == SlotPlace.Main || entry.Uses > 0;
}

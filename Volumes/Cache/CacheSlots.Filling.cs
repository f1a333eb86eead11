namespace Lunaria.Volumes.Cache;

/// <summary>How slots are taken, filled and found again: the part that who admits uses.</summary>
internal sealed partial class CacheSlots
{
    /// <summary>
    /// A slot to be filled for a client; -1 = there is none for it. <paramref name="proved"/>: slots that went on to the main queue by this.
    /// </summary>
    public int Take(CacheClient client, List<int> proved)
    {
        lock (_lock)
        {
            CachePartition partition = Known(client).Partition;
            int slot = -1;
            if (partition.Count >= partition.LimitSlots)
            {
                slot = Evict(partition);
            }
            else if (_free >= 0)
            {
                slot = _free;
                _free = _table[slot].Older;
                _table[slot].Older = -1;
            }
            else if (Richest() is { } richest)
            {
                slot = Evict(richest);
            }
            proved.AddRange(_proved);
            _proved.Clear();
            if (slot >= 0)
                _table[slot].Place = SlotPlace.Pending;
            return slot;
        }
    }

    /// <summary>A slot that was taken is not filled after all.</summary>
    public void GiveBack(int slot)
    {
        lock (_lock)
            if (_table[slot].Place == SlotPlace.Pending)
                Free(slot);
    }

    /// <summary>
    /// A slot that was taken holds a window from now on; false where the window is there already or the device has left. <paramref name="touched"/>: blocks that are read by this.
    /// <paramref name="isProved"/>: the window has proved itself in an earlier life.
    /// </summary>
    public bool Insert(CacheClient client, int slot, ulong key, ushort valid, ushort touched, ref bool isProved)
    {
        lock (_lock)
        {
            if (_table[slot].Place != SlotPlace.Pending)
                return false;
            if (_table.Find(key) >= 0)
            {
                Free(slot);
                return false;
            }
            isProved |= _ghosts.Take(key);
            client = Known(client);
            Fill(client, slot, SlotKind.Window, valid, touched);
            _table.Insert(slot, key);
            client.Partition.Add(slot, isProved);
            return true;
        }
    }

    /// <summary>A slot that was taken is going to hold content or references; it stays where it is until <see cref="Close"/>.</summary>
    public bool Open(CacheClient client, int slot, SlotKind kind)
    {
        lock (_lock)
        {
            if (_table[slot].Place != SlotPlace.Pending)
                return false;
            Fill(Known(client), slot, kind, 0, 0);
            _table.Insert(slot, ++_nextOwnKey);
            return true;
        }
    }

    /// <summary>True while the slot still is open for what it was opened for.</summary>
    public bool IsOpen(int slot, SlotKind kind)
    {
        lock (_lock)
            return _table[slot] is { Place: SlotPlace.Pending, Key: not 0 } entry && entry.Kind == kind;
    }

    /// <summary>The slot is full.</summary>
    public void Close(int slot, bool isProved = false)
    {
        lock (_lock)
            if (_table[slot].Place != SlotPlace.Pending)
                return;
            else if (_table[slot].Key == 0)
                Free(slot); // It was given up meanwhile.
            else
                _numbers[_table[slot].Owner]!.Partition.Add(slot, isProved);
    }

    /// <summary>Whose a block of a window is, where it is there; null = it is not. <paramref name="isProved"/>: it is in use.</summary>
    public CacheClient? FindOwner(ulong key, int block, out bool isProved)
    {
        isProved = false;
        lock (_lock)
        {
            int slot = _table.Find(key);
            if (slot >= 0 ? (_table[slot].Valid & CacheWindow.Mask(block, 1)) == 0
                : _content.FindReference(key) is not { } reference || (reference.Valid & CacheWindow.Mask(block, 1)) == 0 || (slot = reference.Slot) < 0)
                return null;
            isProved = IsProved(in _table[slot]);
            return _numbers[_table[slot].Owner];
        }
    }

    /// <summary>Where a block of this content is; -1 = nowhere.</summary>
    public int FindContent(ContentKey key)
    {
        lock (_lock)
            return _content.Find(key);
    }

    /// <summary>A block was written to a slot of content.</summary>
    public void AddContent(ContentKey key, int slot, int index)
    {
        lock (_lock)
            if (_table[slot] is { Kind: SlotKind.Content, Key: not 0 })
            {
                _table[slot].Valid |= CacheWindow.Mask(index, 1);
                _content.Add(key, slot, index);
            }
    }

    /// <summary>What a window consists of; null = unknown.</summary>
    public ContentReference? FindReference(ulong key)
    {
        lock (_lock)
            return _content.FindReference(key);
    }

    /// <summary>A reference was written to a slot of references.</summary>
    public void AddReference(ulong key, ContentReference reference)
    {
        lock (_lock)
            if (_table[reference.Slot] is { Kind: SlotKind.References, Key: not 0 })
                _content.AddReference(key, reference);
    }
}

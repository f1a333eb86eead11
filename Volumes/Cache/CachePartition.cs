namespace Lunaria.Volumes.Cache;

/// <summary>
/// Slots that are evicted together, after S3-FIFO (Yang and others, SOSP 2023): what comes waits in a small queue of a tenth; what was used meanwhile goes on to the main
/// queue, the rest leaves and is remembered as a ghost. The main queue gives who was used another round for each use. Volumes without limit and reserve share one
/// partition. Owned by the cache and used under its lock.
/// </summary>
internal sealed class CachePartition(CacheTable table)
{
    private const int SmallShare = 10;

    /// <summary>Slots it may have at most.</summary>
    public long LimitSlots { get; set; } = long.MaxValue;

    /// <summary>Slots that others cannot take from it.</summary>
    public long ReserveSlots { get; set; }

    /// <summary>On probation.</summary>
    public SlotQueue Small { get; } = new(table);

    /// <summary>Proved.</summary>
    public SlotQueue Main { get; } = new(table);

    /// <summary>Slots it has.</summary>
    public int Count => Small.Count + Main.Count;

    /// <summary>Puts a slot, filled just now, into a queue.</summary>
    public void Add(int slot, bool proved)
    {
        table[slot].Place = proved ? SlotPlace.Main : SlotPlace.Small;
        (proved ? Main : Small).Add(slot);
    }

    /// <summary>Takes a slot out of its queue.</summary>
    public void Remove(int slot) => (table[slot].Place == SlotPlace.Main ? Main : Small).Remove(slot);

    /// <summary>
    /// Chooses the slot to be filled anew and takes it out of its queue; -1 = there is none. Slots that moved to the main queue are added to <paramref name="proved"/>.
    /// </summary>
    public int Evict(GhostTable ghosts, List<int> proved)
    {
        while (Count > 0)
        {
            if (Small.Count > 0 && (Main.Count == 0 || Small.Count * SmallShare >= Count))
            {
                int slot = Small.Oldest;
                Small.Remove(slot);
                ref CacheEntry entry = ref table[slot];
                if (entry.Uses == 0)
                {
                    ghosts.Add(entry.Key);
                    return slot;
                }
                entry.Uses = 0;
                Add(slot, proved: true);
                proved.Add(slot);
            }
            else
            {
                int slot = Main.Oldest;
                Main.Remove(slot);
                if (table[slot].Uses == 0)
                    return slot;
                table[slot].Uses--;
                Main.Add(slot);
            }
        }
        return -1;
    }
}

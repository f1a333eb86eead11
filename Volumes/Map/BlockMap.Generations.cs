using System.Runtime.CompilerServices;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Map;

/// <summary>How a map keeps what older generations left behind until a checkpoint has it.</summary>
internal sealed partial class BlockMap
{
    /// <summary>Copies of changed leaves of older generations that memory holds before a checkpoint must take them, in bytes.</summary>
    private const int FrozenLimitBytes = 16 << 20;

    // Leaves that were changed in an older generation since the last checkpoint, and again since: what they were. Under the mapLock.
    private readonly Dictionary<ulong, List<(uint Generation, LeafRun[] Runs)>> frozen = [];
    private readonly List<(uint Generation, long MappedBlocks)> ended = [];
    private long frozenBytes;

    /// <summary>True where so much is kept for older generations that a checkpoint must come.</summary>
    internal bool HasTooMuchFrozen => Volatile.Read(ref frozenBytes) >= FrozenLimitBytes;

    /// <summary>
    /// From here on changes belong to a newer generation: what was changed so far stays as it is for those who look at the older one. Map writer, without the
    /// mapLock. A generation that is not newer changes nothing.
    /// </summary>
    internal void Advance(uint newGeneration)
    {
        if (newGeneration <= generation)
            return;
        for (int number = 0; number < groups.Length; number++)
            if (groups[number] is { } group)
                lock (mapLock)
                    EndGeneration(group);
        lock (mapLock)
        {
            for (uint end = generation; end < newGeneration; end++)
                ended.Add((end, mappedBlocks));
            Volatile.Write(ref generation, newGeneration);
        }
    }

    /// <summary>Reads a leaf that map.db does not have yet, as a generation shows it; false = there is none. Any thread, without the mapLock.</summary>
    internal bool TryReadUnstored(ulong leaf, uint upTo, Span<LeafRun> runs, out int count)
    {
        count = 0;
        lock (mapLock)
        {
            int number = (int)(leaf / LeafGroup.Leaves), index = (int)(leaf % LeafGroup.Leaves);
            if (number < groups.Length && groups[number] is { } group && Entry(group, index) is { IsResident: true } entry && memory.IsDirty(entry)
                && (group.TryFindOlder(index, out OlderLeaves? older) ? older!.Generation : generation) <= upTo)
            {
                count = ReadRuns(entry, runs);
                return true;
            }
            if (!frozen.TryGetValue(leaf, out List<(uint Generation, LeafRun[] Runs)>? rows) || rows.FindLastIndex(row => row.Generation <= upTo) is not (>= 0 and var at))
                return false;
            rows[at].Runs.CopyTo(runs);
            count = rows[at].Runs.Length;
            return true;
        }
    }

    /// <summary>Puts what map.db does not know yet of a generation over what it does. While the map writer rests.</summary>
    internal void CopyUnstoredPresent(uint upTo, Dictionary<int, LeafSet> present)
    {
        for (int number = 0; number < groups.Length; number++)
        {
            if (groups[number] is not { } group)
                continue;
            foreach (OlderLeaves older in group.Older ?? [])
                if (older.Generation <= upTo)
                    present[number] = older.Present;
            if (group.Changed && generation <= upTo)
                present[number] = group.Present;
        }
    }

    /// <summary>Blocks that were mapped at the end of a generation that ended since the last checkpoint, or are now; null where it is neither.</summary>
    internal long? FindMappedBlocks(uint wanted)
    {
        lock (mapLock)
        {
            int at = ended.FindIndex(end => end.Generation == wanted);
            return at >= 0 ? ended[at].MappedBlocks : wanted >= generation ? mappedBlocks : null;
        }
    }

    /// <summary>map.db has rows of the map's generation now that were an older one's. Map writer, without the mapLock.</summary>
    internal void TakeOver(int number, LeafSet leaves)
    {
        lock (mapLock)
            if (groups[number] is { } group)
            {
                group.Owned = group.Owned.Union(leaves);
                group.Stored = group.Stored.Union(leaves);
            }
    }

    /// <summary>The map is not used any more, and gives its memory back. While the map writer rests.</summary>
    internal void Close()
    {
        lock (mapLock)
            isClosed = true;
        for (int number = 0; number < groups.Length; number++)
        {
            if (groups[number] is null)
                continue;
            lock (mapLock)
                DropResident(number);
        }
        memory.Unregister(slot);
    }

    /// <summary>
    /// Reads anew what map.db has, where it has everything: right after a checkpoint, or after what it says was put right. Map writer, without the mapLock.
    /// </summary>
    internal void Reopen()
    {
        Dictionary<int, LeafSet> present = source.ReadPresent(line, generation);
        List<PresenceRow> owned = [.. source.ReadOwned(line, generation)];
        for (int number = 0; number < groups.Length; number++)
        {
            lock (mapLock)
            {
                DropResident(number);
                groups[number] = present.TryGetValue(number, out LeafSet leaves) ? new() { Present = leaves, Changed = isUnstored } : null;
                if (groups[number] is { } group && owned.Find(row => row.Group == number) is { Owned.IsEmpty: false } row)
                    group.Owned = group.Stored = row.Owned;
            }
        }
        long mapped = source.ReadLine(line)?.MappedBlocks ?? (line.Parent is { } parent ? source.ReadMappedBlocks(parent, line.ParentGeneration) : 0);
        lock (mapLock)
            (mappedBlocks, isClosed, isUnstored) = (mapped, false, false);
    }

    private void DropResident(int number)
    {
        if (groups[number] is not { } group)
            return;
        for (int index = 0; index < LeafGroup.Leaves && group.ResidentCount > 0; index++)
            if (Entry(group, index) is { IsResident: true } entry)
            {
                RemoveEntry(group, (ulong)number * LeafGroup.Leaves + (ulong)index);
                memory.FreeLeaf(entry);
            }
        groups[number] = null;
    }

    /// <summary>Forgets clean copies of a leaf in memory: map.db has another one now. Map writer, without the mapLock.</summary>
    internal void Reload(ulong leaf)
    {
        lock (mapLock)
        {
            int number = (int)(leaf / LeafGroup.Leaves);
            if (number >= groups.Length || groups[number] is not { } group)
                return;
            group.Version++;
            if (Entry(group, (int)(leaf % LeafGroup.Leaves)) is not { IsResident: true } entry || memory.IsDirty(entry))
                return;
            RemoveEntry(group, leaf);
            memory.FreeLeaf(entry);
        }
    }

    private void EndGeneration(LeafGroup group)
    {
        if (group.Changed)
        {
            OlderLeaves older = new() { Generation = generation, Present = group.Present, Owned = group.Owned, Stored = group.Stored };
            if (group.DirectoryPage != 0)
            {
                Span<LeafEntry> entries = memory.Directory(group.DirectoryPage);
                for (int index = 0; index < entries.Length; index++)
                    if (entries[index].IsResident && group.Owned.Contains(index) && memory.IsDirty(entries[index]) && !group.TryFindOlder(index, out _))
                        older.Dirty.Add(index);
            }
            (group.Older ??= []).Add(older);
        }
        group.Owned = group.Stored = default;
        group.Changed = false;
    }

    /// <summary>A leaf is about to change, or to go, in the map's generation, and its content belongs to an older one.</summary>
    [SkipLocalsInit]
    private void Freeze(LeafGroup group, ulong leaf, LeafEntry entry)
    {
        int index = (int)(leaf % LeafGroup.Leaves);
        if (!entry.IsResident || !memory.IsDirty(entry) || !group.TryFindOlder(index, out OlderLeaves? older))
            return;
        Span<LeafRun> runs = stackalloc LeafRun[LeafBlocks];
        LeafRun[] copy = runs[..ReadRuns(entry, runs)].ToArray();
        if (!frozen.TryGetValue(leaf, out List<(uint Generation, LeafRun[] Runs)>? rows))
            frozen.Add(leaf, rows = []);
        rows.Add((older!.Generation, copy));
        Volatile.Write(ref frozenBytes, frozenBytes + 64 + ((long)copy.Length * LeafRun.Bytes));
        older.Dirty.Remove(index);
    }

    private void WriteFrozen(MapCheckpointWriter writer)
    {
        lock (mapLock)
        {
            foreach ((ulong leaf, List<(uint Generation, LeafRun[] Runs)> rows) in frozen)
                foreach ((uint of, LeafRun[] runs) in rows)
                    writer.PutLeaf(Volume, of, leaf, runs);
            foreach ((uint of, long mapped) in ended)
                writer.PutGeneration(Volume, of, mapped);
        }
    }

    private void ForgetFrozen()
    {
        frozen.Clear();
        ended.Clear();
        Volatile.Write(ref frozenBytes, 0);
    }
}

using System.Runtime.CompilerServices;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>How the map writer changes leaves and writes them down.</summary>
internal sealed partial class BlockMap
{
    // A flat leaf is changed where it is up to this length; longer changes look whether it can be runs again.
    private const int MaxInPlace = 64;

    private const int MaxRoomTries = 1000;

    /// <summary>
    /// Makes a range of blocks those of a segment from <paramref name="firstIndex"/> on, or a hole, and keeps all counts. Map writer, without the mapLock;
    /// blocks for reads of map.db. Doing it again changes nothing. False = done in part, a checkpoint must make room: then again.
    /// </summary>
    internal bool Replace(BlockRange range, SegmentId segment, int firstIndex)
    {
        if (range.EndBlock > sizeBlocks)
            throw new InvalidDataException(
                $"Blocks {range.StartBlock}..{range.EndBlock} are not inside volume {Volume} of {sizeBlocks} blocks. Map and journal do not belong together.");
        ulong block = range.StartBlock;
        while (block < range.EndBlock)
        {
            if (segment.IsNone && groups[block / LeafBlocks / LeafGroup.Leaves] is null)
            {
                block = (block / (LeafBlocks * LeafGroup.Leaves) + 1) * (LeafBlocks * LeafGroup.Leaves);
                continue;
            }
            int length = (int)Math.Min(LeafBlocks - block % LeafBlocks, range.EndBlock - block);
            if (segment.IsNone && length == LeafBlocks)
                DropLeaf(block / LeafBlocks);
            else if (ChangeLeaf(block, length, segment, firstIndex) == LeafChange.NoRoom)
                return false;
            block += (ulong)length;
            firstIndex += length;
        }
        return true;
    }

    /// <summary>Writes every changed leaf into a checkpoint that is being made. Map writer, without the mapLock.</summary>
    [SkipLocalsInit]
    internal void WriteChanges(MapCheckpointWriter writer)
    {
        if (isUnstored)
            return;
        Span<LeafEntry> entries = stackalloc LeafEntry[LeafGroup.Leaves];
        for (int number = 0; number < groups.Length; number++)
        {
            if (groups[number] is not { } group || !(group.Changed || group.Older != null))
                continue;
            CopyDirty(group, entries);
            foreach (OlderLeaves older in group.Older ?? [])
            {
                WriteLeaves(writer, older.Generation, number, entries, older.Dirty, older.Owned, older.Stored);
                writer.PutPresence(Volume, older.Generation, number, older.Present, older.Owned);
                for (int index = older.Dirty.Next(0); index < LeafGroup.Leaves; index = older.Dirty.Next(index + 1))
                    entries[index] = default;
            }
            if (!group.Changed)
                continue;
            WriteLeaves(writer, generation, number, entries, group.Owned, group.Owned, group.Stored);
            if (group.Present.IsEmpty && generation == 0 && line.Parent == null)
                writer.DeletePresence(Volume, generation, number);
            else
                writer.PutPresence(Volume, generation, number, group.Present, group.Owned);
        }
        WriteFrozen(writer);
        writer.PutVolume(Volume, table.VolumeUuid(Volume), table.NextSequence(Volume), MappedBlocks, generation, line.Family);
    }

    /// <summary>map.db has what <see cref="WriteChanges"/> wrote. Map writer, without the mapLock.</summary>
    internal void MarkClean()
    {
        lock (mapLock)
        {
            for (int number = 0; number < groups.Length; number++)
            {
                if (groups[number] is not { } group)
                    continue;
                (group.Stored, group.Changed, group.Older) = (group.Owned, false, null);
                if (group.Present.IsEmpty)
                    groups[number] = null;
            }
            // Before memory forgets it: who does not find a row there finds it in map.db.
            line.ForgetRows();
            ForgetFrozen();
        }
    }

    [SkipLocalsInit]
    private void WriteLeaves(
        MapCheckpointWriter writer, uint of, int number, ReadOnlySpan<LeafEntry> entries, LeafSet dirty, LeafSet owned, LeafSet stored)
    {
        Span<LeafRun> runs = stackalloc LeafRun[LeafBlocks];
        for (int index = 0; index < entries.Length; index++)
        {
            ulong leaf = (ulong)number * LeafGroup.Leaves + (ulong)index;
            if (dirty.Contains(index) && entries[index].IsResident)
                writer.PutLeaf(Volume, of, leaf, runs[..ReadRuns(entries[index], runs)]);
            else if (stored.Contains(index) && !owned.Contains(index))
                writer.DeleteLeaf(Volume, of, leaf);
        }
    }

    private void CopyDirty(LeafGroup group, Span<LeafEntry> dirty)
    {
        dirty.Clear();
        lock (mapLock)
        {
            if (group.DirectoryPage == 0)
                return;
            Span<LeafEntry> all = memory.Directory(group.DirectoryPage);
            for (int index = 0; index < all.Length; index++)
            {
                if (all[index].IsResident && memory.IsDirty(all[index]))
                    dirty[index] = all[index];
            }
        }
    }

    private LeafChange ChangeLeaf(ulong block, int length, SegmentId segment, int firstIndex)
    {
        var wait = new SpinWait();
        while (true)
        {
            LeafChange change;
            lock (mapLock)
                change = TryChange(block / LeafBlocks, (int)(block % LeafBlocks), length, segment, firstIndex);
            if (change == LeafChange.NotLoaded)
                LoadLeaf(block / LeafBlocks);
            else if (change == LeafChange.NoRoom && memory.HasRoomForChange && !HasTooMuchFrozen && wait.Count < MaxRoomTries)
                wait.SpinOnce(sleep1Threshold: -1); // Others held the locks of all leaves that could have left.
            else
                return change;
        }
    }

    // A leaf that becomes a hole as a whole is read for its counts only, and needs no room.
    [SkipLocalsInit]
    private void DropLeaf(ulong leaf)
    {
        Span<LeafRun> runs = stackalloc LeafRun[LeafBlocks];
        LeafGroup group = groups[leaf / LeafGroup.Leaves]!;
        int index = (int)(leaf % LeafGroup.Leaves);
        while (group.Present.Contains(index))
        {
            int count = TryBeginLoad(leaf, out _, out _) ? source.Read(line, generation, leaf, runs) : 0;
            lock (mapLock)
            {
                LeafEntry entry = Entry(group, index);
                if (entry.IsResident)
                    count = ReadRuns(entry, runs);
                if (count == 0)
                    continue;
                Account(runs[..count], 0, LeafBlocks, SegmentId.None, owned: group.Owned.Contains(index));
                Drop(group, leaf, entry);
            }
        }
    }

    [SkipLocalsInit]
    private LeafChange TryChange(ulong leaf, int offset, int length, SegmentId segment, int firstIndex)
    {
        LeafGroup? group = groups[leaf / LeafGroup.Leaves];
        int index = (int)(leaf % LeafGroup.Leaves);
        bool present = group != null && group.Present.Contains(index), owned = present && group!.Owned.Contains(index);
        if (!present && segment.IsNone)
            return LeafChange.Done;
        LeafEntry entry = present ? Entry(group!, index) : default;
        if (present && !entry.IsResident)
            return LeafChange.NotLoaded;
        if (!memory.HasRoomForChange || HasTooMuchFrozen)
            return LeafChange.NoRoom;
        group ??= groups[leaf / LeafGroup.Leaves] = new();
        if (owned && entry.IsFlat && !segment.IsNone && length <= MaxInPlace && memory.IsDirty(entry))
        {
            ChangeInPlace(memory.Runs(entry).Slice(offset, length), segment, firstIndex);
            group.Version++;
            return LeafChange.Done;
        }
        Span<LeafRun> before = stackalloc LeafRun[LeafBlocks], after = stackalloc LeafRun[LeafBlocks];
        before[0] = default;
        before = before[..(present ? ReadRuns(entry, before) : 1)];
        after = after[..LeafEditor.Replace(before, offset, length, segment, firstIndex, after)];
        if (after is [{ Segment: 0 }])
        {
            Account(before, offset, length, segment, owned);
            Drop(group, leaf, entry);
            return LeafChange.Done;
        }
        if (present && !owned)
        {
            if (before.SequenceEqual(after))
                return LeafChange.Done;
            Freeze(group, leaf, entry);
        }
        if (!TryStore(group, leaf, entry, after))
            return LeafChange.NoRoom;
        if (present && !owned)
            AddReferences(before);
        Account(before, offset, length, segment, owned: true);
        group.Present.Add(index);
        group.Owned.Add(index);
        group.Version++;
        group.Changed = true;
        return LeafChange.Done;
    }

    private bool TryStore(LeafGroup group, ulong leaf, LeafEntry old, ReadOnlySpan<LeafRun> runs)
    {
        int index = (int)(leaf % LeafGroup.Leaves);
        if (old.IsResident && memory.IsDirty(old) && old.Fits(runs.Length))
        {
            LeafEntry same = old.IsFlat ? old : old with { RunCount = (byte)runs.Length };
            Store(same, runs);
            memory.Directory(group.DirectoryPage)[index] = same;
            return true;
        }
        LeafEntry entry = default;
        pinnedLeaf = leaf;
        bool stored = TryEnsureDirectory(group) && memory.TryAllocateLeaf(slot, (uint)leaf, runs.Length, dirty: true, out entry);
        pinnedLeaf = ulong.MaxValue;
        if (!stored)
        {
            ReleaseDirectory(group, leaf / LeafGroup.Leaves);
            return false;
        }
        Store(entry, runs);
        memory.Directory(group.DirectoryPage)[index] = entry;
        memory.MarkDirectoryDirty(group.DirectoryPage);
        if (old.IsResident)
            memory.FreeLeaf(old);
        else
            group.ResidentCount++;
        return true;
    }

    private void Drop(LeafGroup group, ulong leaf, LeafEntry entry)
    {
        Freeze(group, leaf, entry);
        if (entry.IsResident)
        {
            RemoveEntry(group, leaf);
            memory.FreeLeaf(entry);
        }
        group.Present.Remove((int)(leaf % LeafGroup.Leaves));
        group.Owned.Remove((int)(leaf % LeafGroup.Leaves));
        group.Version++;
        group.Changed = true;
    }

    private void ChangeInPlace(Span<LeafRun> entries, SegmentId segment, int firstIndex)
    {
        int replaced = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].Segment != 0)
            {
                table.AddReferences(new(entries[i].Segment), -1);
                replaced++;
            }
            entries[i] = new(segment.Value, (ushort)(firstIndex + i), 0);
        }
        table.AddReferences(segment, entries.Length);
        Volatile.Write(ref mappedBlocks, mappedBlocks + entries.Length - replaced);
    }

    /// <summary>A leaf is a row of its own now, beside the one it was copied from.</summary>
    private void AddReferences(ReadOnlySpan<LeafRun> runs)
    {
        for (int i = 0; i < runs.Length; i++)
            if (runs[i].Segment != 0)
                table.AddReferences(new(runs[i].Segment), LeafEditor.End(runs, i) - runs[i].Start);
    }

    /// <summary>Counts a change; where the leaf before is not <paramref name="owned"/>, its row stays for the older generation and goes on to name what it named.</summary>
    private void Account(ReadOnlySpan<LeafRun> before, int offset, int length, SegmentId segment, bool owned)
    {
        int replaced = 0, end = offset + length;
        for (int i = LeafEditor.Find(before, offset); i < before.Length && before[i].Start < end; i++)
        {
            if (before[i].Segment == 0)
                continue;
            int blocks = Math.Min(LeafEditor.End(before, i), end) - Math.Max(before[i].Start, offset);
            if (owned)
                table.AddReferences(new(before[i].Segment), -blocks);
            replaced += blocks;
        }
        if (!segment.IsNone)
            table.AddReferences(segment, length);
        Volatile.Write(ref mappedBlocks, mappedBlocks + (segment.IsNone ? 0 : length) - replaced);
    }
}

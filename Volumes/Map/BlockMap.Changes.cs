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
        Span<LeafEntry> entries = stackalloc LeafEntry[LeafGroup.Leaves];
        Span<LeafRun> runs = stackalloc LeafRun[LeafBlocks];
        for (int number = 0; number < groups.Length; number++)
        {
            if (groups[number] is not { Changed: true } group)
                continue;
            CopyDirty(group, entries);
            for (int index = 0; index < entries.Length; index++)
            {
                ulong leaf = (ulong)number * LeafGroup.Leaves + (ulong)index;
                if (entries[index].IsResident)
                    writer.PutLeaf(Volume, Generation, leaf, runs[..ReadRuns(entries[index], runs)]);
                else if (group.Stored.Contains(index) && !group.Present.Contains(index))
                    writer.DeleteLeaf(Volume, Generation, leaf);
            }
            writer.PutPresence(Volume, Generation, number, group.Present);
        }
        writer.PutVolume(Volume, table.VolumeUuid(Volume), table.NextSequence(Volume), MappedBlocks);
    }

    /// <summary>map.db has what <see cref="WriteChanges"/> wrote. Map writer, without the mapLock.</summary>
    internal void MarkClean()
    {
        lock (mapLock)
        {
            for (int number = 0; number < groups.Length; number++)
            {
                if (groups[number] is not { Changed: true } group)
                    continue;
                (group.Stored, group.Changed) = (group.Present, false);
                if (group.Present.IsEmpty)
                    groups[number] = null;
            }
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
            else if (change == LeafChange.NoRoom && memory.HasRoomForChange && wait.Count < MaxRoomTries)
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
            int count = TryBeginLoad(leaf, out _, out _) ? database.ReadLeaf(Volume, Generation, leaf, runs) : 0;
            lock (mapLock)
            {
                LeafEntry entry = Entry(group, index);
                if (entry.IsResident)
                    count = ReadRuns(entry, runs);
                if (count == 0)
                    continue;
                Account(runs[..count], 0, LeafBlocks, SegmentId.None);
                Drop(group, leaf, entry);
            }
        }
    }

    [SkipLocalsInit]
    private LeafChange TryChange(ulong leaf, int offset, int length, SegmentId segment, int firstIndex)
    {
        LeafGroup? group = groups[leaf / LeafGroup.Leaves];
        int index = (int)(leaf % LeafGroup.Leaves);
        bool present = group != null && group.Present.Contains(index);
        if (!present && segment.IsNone)
            return LeafChange.Done;
        LeafEntry entry = present ? Entry(group!, index) : default;
        if (present && !entry.IsResident)
            return LeafChange.NotLoaded;
        if (!memory.HasRoomForChange)
            return LeafChange.NoRoom;
        group ??= groups[leaf / LeafGroup.Leaves] = new();
        if (entry.IsResident && entry.IsFlat && !segment.IsNone && length <= MaxInPlace && memory.IsDirty(entry))
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
            Account(before, offset, length, segment);
            Drop(group, leaf, entry);
            return LeafChange.Done;
        }
        if (!TryStore(group, leaf, entry, after))
            return LeafChange.NoRoom;
        Account(before, offset, length, segment);
        group.Present.Add(index);
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
        if (entry.IsResident)
        {
            RemoveEntry(group, leaf);
            memory.FreeLeaf(entry);
        }
        group.Present.Remove((int)(leaf % LeafGroup.Leaves));
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
                table.AddLive(new(entries[i].Segment), -1);
                replaced++;
            }
            entries[i] = new(segment.Value, (ushort)(firstIndex + i), 0);
        }
        table.AddLive(segment, entries.Length);
        Volatile.Write(ref mappedBlocks, mappedBlocks + entries.Length - replaced);
    }

    private void Account(ReadOnlySpan<LeafRun> before, int offset, int length, SegmentId segment)
    {
        int replaced = 0, end = offset + length;
        for (int i = LeafEditor.Find(before, offset); i < before.Length && before[i].Start < end; i++)
        {
            if (before[i].Segment == 0)
                continue;
            int blocks = Math.Min(LeafEditor.End(before, i), end) - Math.Max(before[i].Start, offset);
            table.AddLive(new(before[i].Segment), -blocks);
            replaced += blocks;
        }
        if (!segment.IsNone)
            table.AddLive(segment, length);
        Volatile.Write(ref mappedBlocks, mappedBlocks + (segment.IsNone ? 0 : length) - replaced);
    }
}

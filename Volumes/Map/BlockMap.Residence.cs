using System.Runtime.CompilerServices;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Map;

/// <summary>How leaves come into memory and leave it.</summary>
internal sealed partial class BlockMap
{
    // The leaf being changed: making room for it must not throw it out.
    private ulong pinnedLeaf = ulong.MaxValue;

    /// <summary>
    /// Takes a clean leaf out of memory where it is at this place, and says so in <paramref name="entry"/>; the caller frees the cell. False = it is
    /// not, or the mapLock is held by someone else. Called by the memory, which holds its own lock.
    /// </summary>
    internal bool TryEvict(uint leaf, uint page, int cell, out LeafEntry entry)
    {
        entry = default;
        if (!mapLock.TryEnter())
            return false;
        try
        {
            LeafGroup? group = groups[leaf / LeafGroup.Leaves];
            if (group == null || leaf == pinnedLeaf)
                return false;
            int index = (int)(leaf % LeafGroup.Leaves);
            LeafEntry found = Entry(group, index);
            if (found.Page != page || found.Cell != cell)
                return false;
            entry = found;
            RemoveEntry(group, leaf);
            return true;
        }
        finally
        {
            mapLock.Exit();
        }
    }

    /// <summary>Brings leaves into memory. Blocks for reads of map.db; any thread, without the mapLock.</summary>
    internal void Load(ulong startBlock, int lengthBlocks)
    {
        for (ulong leaf = startBlock / LeafBlocks; leaf <= (startBlock + (ulong)lengthBlocks - 1) / LeafBlocks; leaf++)
            LoadLeaf(leaf);
    }

    [SkipLocalsInit]
    private void LoadLeaf(ulong leaf)
    {
        Span<LeafRun> runs = stackalloc LeafRun[LeafBlocks];
        var wait = new SpinWait();
        while (TryBeginLoad(leaf, out LeafGroup? group, out uint version))
        {
            int count = source.Read(line, Generation, leaf, runs);
            if (count == 0)
            {
                if (IsUnchanged(leaf, group!, version))
                    throw new MapDamageException(
                        Volume, $"map.db has no leaf {leaf} of line {Volume}, but says that it exists. Restore map.db, or recover the volume.");
                continue;
            }
            if (memory.TryAllocateLeaf(slot, (uint)leaf, count, dirty: false, out LeafEntry entry))
            {
                Store(entry, runs[..count]);
                if (TryInstall(leaf, group!, version, entry))
                    return;
                memory.FreeLeaf(entry);
            }
            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    private bool TryBeginLoad(ulong leaf, out LeafGroup? group, out uint version)
    {
        lock (mapLock)
        {
            group = groups[leaf / LeafGroup.Leaves];
            version = group?.Version ?? 0;
            int index = (int)(leaf % LeafGroup.Leaves);
            return group != null && group.Present.Contains(index) && !Entry(group, index).IsResident;
        }
    }

    private bool IsUnchanged(ulong leaf, LeafGroup group, uint version)
    {
        lock (mapLock)
            return groups[leaf / LeafGroup.Leaves] == group && group.Version == version;
    }

    private bool TryInstall(ulong leaf, LeafGroup group, uint version, LeafEntry entry)
    {
        int index = (int)(leaf % LeafGroup.Leaves);
        lock (mapLock)
        {
            if (groups[leaf / LeafGroup.Leaves] != group || group.Version != version || Entry(group, index).IsResident
                || !TryEnsureDirectory(group))
                return false;
            memory.Directory(group.DirectoryPage)[index] = entry;
            group.ResidentCount++;
            return true;
        }
    }

    private bool TryEnsureDirectory(LeafGroup group) => group.DirectoryPage != 0 || memory.TryAllocateDirectory(out group.DirectoryPage);

    private void RemoveEntry(LeafGroup group, ulong leaf)
    {
        memory.Directory(group.DirectoryPage)[(int)(leaf % LeafGroup.Leaves)] = default;
        group.ResidentCount--;
        ReleaseDirectory(group, leaf / LeafGroup.Leaves);
    }

    // A directory stays while the leaf being changed will need it.
    private void ReleaseDirectory(LeafGroup group, ulong number)
    {
        if (group.ResidentCount > 0 || group.DirectoryPage == 0 || pinnedLeaf / LeafGroup.Leaves == number)
            return;
        memory.FreeDirectory(group.DirectoryPage);
        group.DirectoryPage = 0;
    }

    private void Store(LeafEntry entry, ReadOnlySpan<LeafRun> runs)
    {
        if (entry.IsFlat)
            LeafEditor.Expand(runs, memory.Runs(entry));
        else
            runs.CopyTo(memory.Runs(entry));
    }

    private int ReadRuns(LeafEntry entry, Span<LeafRun> destination)
    {
        Span<LeafRun> runs = memory.Runs(entry);
        if (entry.IsFlat)
            return LeafEditor.Compress(runs, destination);
        runs.CopyTo(destination);
        return runs.Length;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Where each block of one line is at one generation: a hole, or a block of a segment. Leaves of 512 blocks, those in use in memory, the others in map.db.
/// Made by <see cref="MapStore"/>, owned by the line's index, or by a view of an older generation, which never changes. Members that say "under the
/// mapLock" are called with it held; the others take it themselves. Changed by the one map writer.
/// </summary>
internal sealed partial class BlockMap
{
    /// <summary>Blocks of a leaf.</summary>
    public const int LeafBlocks = 512;

    private readonly MapMemory memory;
    private readonly SegmentTable table;
    private readonly LeafSource source;
    private readonly SemaphoreSlim loadGate;
    private readonly Lock mapLock;
    private readonly MapLine line;
    private readonly ushort slot;
    private LeafGroup?[] groups;
    private ulong sizeBlocks;
    private uint generation;
    private long mappedBlocks;
    private volatile bool isClosed;

    // It was never read, and map.db has nothing of its line: so it writes nothing.
    private bool isUnstored;

    /// <summary>The map of the newest generation of a line.</summary>
    internal BlockMap(MapLine line, ulong sizeBlocks, Lock mapLock, MapMemory memory, SegmentTable table, LeafSource source, SemaphoreSlim loadGate)
        : this(line, null, sizeBlocks, mapLock, memory, table, source, loadGate)
    {
    }

    /// <summary>As the other; with <paramref name="viewGeneration"/> the line as it was at the end of that generation.</summary>
    internal BlockMap(
        MapLine line, uint? viewGeneration, ulong sizeBlocks, Lock mapLock, MapMemory memory, SegmentTable table, LeafSource source, SemaphoreSlim loadGate)
    {
        (this.line, this.sizeBlocks, this.mapLock) = (line, sizeBlocks, mapLock);
        (this.memory, this.table, this.source, this.loadGate) = (memory, table, source, loadGate);
        groups = new LeafGroup?[GroupsOf(sizeBlocks)];
        (uint Generation, long MappedBlocks)? stored = source.ReadLine(line);
        generation = viewGeneration ?? stored?.Generation ?? 0;
        bool isNew = viewGeneration == null && stored == null;
        foreach ((int number, LeafSet present) in source.ReadPresent(line, generation))
            RestoreGroup(number, present, changed: isNew);
        if (viewGeneration == null)
            foreach (PresenceRow row in source.ReadOwned(line, generation))
                if (row.Group < groups.Length && groups[row.Group] is { } group)
                    group.Owned = group.Stored = row.Owned;
        mappedBlocks = viewGeneration != null ? source.ReadMappedBlocks(line, generation)
            : stored?.MappedBlocks ?? (line.Parent is { } parent ? source.ReadMappedBlocks(parent, line.ParentGeneration) : 0);
        slot = memory.Register(this);
    }

    /// <summary>
    /// The map of a line whose rows cannot be read: it is closed, and knows only its counts, until it is opened again by <see cref="Reopen"/>.
    /// </summary>
    internal static BlockMap Unreadable(MapLine line, ulong sizeBlocks, Lock mapLock, MapMemory memory, SegmentTable table, LeafSource source, SemaphoreSlim loadGate) =>
        new(line, sizeBlocks, mapLock, memory, table, source, loadGate, source.ReadLine(line));

    private BlockMap(
        MapLine line, ulong sizeBlocks, Lock mapLock, MapMemory memory, SegmentTable table, LeafSource source, SemaphoreSlim loadGate, (uint Generation, long MappedBlocks)? stored)
    {
        (this.line, this.sizeBlocks, this.mapLock) = (line, sizeBlocks, mapLock);
        (this.memory, this.table, this.source, this.loadGate) = (memory, table, source, loadGate);
        (groups, generation, mappedBlocks, isClosed) = (new LeafGroup?[GroupsOf(sizeBlocks)], stored?.Generation ?? 0, stored?.MappedBlocks ?? 0, true);
        isUnstored = stored is null;
        slot = memory.Register(this);
    }

    /// <summary>The line's number.</summary>
    public uint Volume => line.Number;

    /// <summary>The line's family.</summary>
    public uint Family => line.Family;

    /// <summary>The generation whose leaves these are. Changed by the map writer.</summary>
    public uint Generation => Volatile.Read(ref generation);

    /// <summary>Blocks there is room for.</summary>
    public ulong SizeBlocks => Volatile.Read(ref sizeBlocks);

    /// <summary>True once it is closed: from then on it knows nothing, and says so.</summary>
    public bool IsClosed => isClosed;

    /// <summary>Blocks the map names now; exact.</summary>
    public long MappedBlocks => Volatile.Read(ref mappedBlocks);

    /// <summary>
    /// Under the mapLock, any thread. Fills <paramref name="runs"/> from its start with what the blocks from <paramref name="startBlock"/> on are;
    /// together they cover at least one block and at most <paramref name="maxBlocks"/> (fewer where runs is full or a leaf is not in memory).
    /// False = the first block's leaf is not in memory: <see cref="LoadAsync"/>, then again; or the map is closed.
    /// </summary>
    public bool TryResolve(ulong startBlock, int maxBlocks, Span<MapRun> runs, out int count)
    {
        count = 0;
        if (startBlock >= sizeBlocks || (ulong)maxBlocks > sizeBlocks - startBlock)
            ThrowOutOfRange(startBlock, maxBlocks);
        if (isClosed)
            return false;
        ulong block = startBlock, end = startBlock + (ulong)maxBlocks;
        while (block < end)
        {
            int offset = (int)(block % LeafBlocks);
            int length = (int)Math.Min((ulong)(LeafBlocks - offset), end - block);
            ulong leaf = block / LeafBlocks;
            LeafGroup? group = groups[leaf / LeafGroup.Leaves];
            if (group == null || !group.Present.Contains((int)(leaf % LeafGroup.Leaves)))
            {
                if (!TryAppend(runs, ref count, default, 0, length))
                    return true;
                block += (ulong)length;
                continue;
            }
            LeafEntry entry = Entry(group, (int)(leaf % LeafGroup.Leaves));
            if (!entry.IsResident)
                return count > 0;
            memory.Touch(entry);
            if (!TryResolveLeaf(entry, offset, length, runs, ref count))
                return true;
            block += (ulong)length;
        }
        return true;
    }

    /// <summary>Brings the leaves of a range into memory, as far as there is room. Without the mapLock, any thread.</summary>
    /// <exception cref="InvalidDataException">A leaf in map.db is damaged.</exception>
    public async ValueTask LoadAsync(ulong startBlock, int lengthBlocks)
    {
        await loadGate.WaitAsync();
        try
        {
            // Off the caller's thread: SQLite blocks.
            await Task.Yield();
            Load(startBlock, lengthBlocks);
        }
        finally
        {
            loadGate.Release();
        }
    }

    /// <summary>The line's volume has become larger. Under the mapLock.</summary>
    public void Grow(ulong newSizeBlocks)
    {
        if (newSizeBlocks <= sizeBlocks)
            return;
        sizeBlocks = newSizeBlocks;
        if ((ulong)groups.Length < GroupsOf(newSizeBlocks))
            Array.Resize(ref groups, (int)GroupsOf(newSizeBlocks));
    }

    private bool TryResolveLeaf(LeafEntry entry, int offset, int length, Span<MapRun> runs, ref int count)
    {
        Span<LeafRun> leaf = memory.Runs(entry);
        int end = offset + length;
        if (entry.IsFlat)
        {
            for (; offset < end; offset++)
            {
                if (!TryAppend(runs, ref count, new(leaf[offset].Segment), leaf[offset].FirstIndex, 1))
                    return false;
            }
            return true;
        }
        for (int i = LeafEditor.Find(leaf, offset); offset < end; i++)
        {
            int runEnd = Math.Min(LeafEditor.End(leaf, i), end);
            if (!TryAppend(runs, ref count, new(leaf[i].Segment), leaf[i].FirstIndex + offset - leaf[i].Start, runEnd - offset))
                return false;
            offset = runEnd;
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryAppend(Span<MapRun> runs, ref int count, SegmentId segment, int firstIndex, int length)
    {
        if (count > 0)
        {
            ref MapRun last = ref runs[count - 1];
            if (last.Segment == segment && (segment.IsNone || last.FirstIndex + last.LengthBlocks == firstIndex))
            {
                last = last with { LengthBlocks = last.LengthBlocks + length };
                return true;
            }
        }
        if (count == runs.Length)
            return false;
        runs[count++] = new(segment, segment.IsNone ? 0 : firstIndex, length);
        return true;
    }

    private LeafEntry Entry(LeafGroup group, int index) => group.DirectoryPage == 0 ? default : memory.Directory(group.DirectoryPage)[index];

    private static ulong GroupsOf(ulong sizeBlocks) => (((sizeBlocks + LeafBlocks - 1) / LeafBlocks) + LeafGroup.Leaves - 1) / LeafGroup.Leaves;

    private void RestoreGroup(int number, LeafSet present, bool changed)
    {
        if (number >= groups.Length)
            throw new InvalidDataException(
                $"map.db has leaves of volume {Volume} behind its end of {sizeBlocks} blocks. map.db and lunaria.db do not belong together.");
        groups[number] = new() { Present = present, Changed = changed };
    }

    [DoesNotReturn]
    private void ThrowOutOfRange(ulong startBlock, int maxBlocks) =>
        throw new ArgumentOutOfRangeException(nameof(startBlock), startBlock, $"{maxBlocks} blocks from there on are not inside the volume of {sizeBlocks}.");
}

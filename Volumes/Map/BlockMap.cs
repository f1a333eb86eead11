using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Where each block of one volume is: a hole, or a block of a segment. Leaves of 512 blocks, those in use in memory, the others in map.db.
/// Owned by its volume, made by <see cref="MapStore"/>. Members that say "under the mapLock" are called with it held; the others take it themselves.
/// Changed by the one map writer.
/// </summary>
internal sealed partial class BlockMap
{
    /// <summary>Blocks of a leaf.</summary>
    public const int LeafBlocks = 512;

    private readonly MapMemory memory;
    private readonly SegmentTable table;
    private readonly MapDatabase database;
    private readonly SemaphoreSlim loadGate;
    private readonly Lock mapLock;
    private readonly LeafGroup?[] groups;
    private readonly ulong sizeBlocks;
    private readonly ushort slot;
    private long mappedBlocks;

    internal BlockMap(
        uint volume, ulong sizeBlocks, Lock mapLock, MapMemory memory, SegmentTable table, MapDatabase database, SemaphoreSlim loadGate)
    {
        (Volume, this.sizeBlocks, this.mapLock) = (volume, sizeBlocks, mapLock);
        (this.memory, this.table, this.database, this.loadGate) = (memory, table, database, loadGate);
        ulong leaves = (sizeBlocks + LeafBlocks - 1) / LeafBlocks;
        groups = new LeafGroup?[(leaves + LeafGroup.Leaves - 1) / LeafGroup.Leaves];
        slot = memory.Register(this);
        mappedBlocks = database.ReadPresence(volume, Generation, RestoreGroup);
    }

    /// <summary>The volume's number.</summary>
    public uint Volume { get; }

    /// <summary>The generation whose leaves these are; there is one until there are snapshots.</summary>
    public static uint Generation => 0;

    /// <summary>Blocks the map names now; exact.</summary>
    public long MappedBlocks => Volatile.Read(ref mappedBlocks);

    /// <summary>
    /// Under the mapLock, any thread. Fills <paramref name="runs"/> from its start with what the blocks from <paramref name="startBlock"/> on are;
    /// together they cover at least one block and at most <paramref name="maxBlocks"/> (fewer where runs is full or a leaf is not in memory).
    /// False = the first block's leaf is not in memory: <see cref="LoadAsync"/>, then again.
    /// </summary>
    public bool TryResolve(ulong startBlock, int maxBlocks, Span<MapRun> runs, out int count)
    {
        count = 0;
        if (startBlock >= sizeBlocks || (ulong)maxBlocks > sizeBlocks - startBlock)
            ThrowOutOfRange(startBlock, maxBlocks);
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
            await Task.Run(() => Load(startBlock, lengthBlocks));
        }
        finally
        {
            loadGate.Release();
        }
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

    private void RestoreGroup(int number, LeafSet stored)
    {
        if (number >= groups.Length)
            throw new InvalidDataException(
                $"map.db has leaves of volume {Volume} behind its end of {sizeBlocks} blocks. map.db and lunaria.db do not belong together.");
        groups[number] = new() { Present = stored, Stored = stored };
    }

    [DoesNotReturn]
    private void ThrowOutOfRange(ulong startBlock, int maxBlocks) =>
        throw new ArgumentOutOfRangeException(nameof(startBlock), startBlock, $"{maxBlocks} blocks from there on are not inside the volume of {sizeBlocks}.");
}

using System.Runtime.CompilerServices;

namespace Lunaria.Volumes.Overlay;

/// <summary>
/// Block number -> (LSN, CRC32C), 16 bytes a slot. Split by hash into shards that grow and shrink alone, so that no single call moves more than a small
/// part of a big table. Owned by its overlay, not thread-safe.
/// </summary>
internal sealed class BlockTable
{
    private const int ShardBits = 8;

    /// <summary>Number of shards.</summary>
    public const int ShardCount = 1 << ShardBits;

    private readonly BlockTableShard[] _shards = new BlockTableShard[ShardCount];

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>Slots of all shards.</summary>
    public long SlotCount { get; private set; }

    /// <summary>Memory held, in bytes.</summary>
    public long MemoryBytes => (SlotCount * BlockTableShard.SlotBytes) + (_shards.Length * Unsafe.SizeOf<BlockTableShard>());

    /// <summary>Adds or replaces the entry of a block.</summary>
    public void Set(ulong block, ulong lsn, uint crc)
    {
        ulong hash = Hash(block);
        ref BlockTableShard shard = ref _shards[hash >> (64 - ShardBits)];
        SlotCount -= shard.SlotCount;
        if (shard.Set(block, hash << ShardBits, lsn, crc))
            Count++;
        SlotCount += shard.SlotCount;
    }

    /// <summary>Finds the entry of a block.</summary>
    public bool TryGet(ulong block, out ulong lsn, out uint crc)
    {
        ulong hash = Hash(block);
        return _shards[hash >> (64 - ShardBits)].TryGet(block, hash << ShardBits, out lsn, out crc);
    }

    /// <summary>Removes the entry of a block where its LSN is <paramref name="lsn"/>, or any where that is null.</summary>
    public bool Remove(ulong block, ulong? lsn)
    {
        ulong hash = Hash(block);
        ref BlockTableShard shard = ref _shards[hash >> (64 - ShardBits)];
        SlotCount -= shard.SlotCount;
        bool removed = shard.Remove(block, hash << ShardBits, lsn);
        SlotCount += shard.SlotCount;
        if (removed)
            Count--;
        return removed;
    }

    /// <summary>Removes the entries of a range: asks for each block of a short one, looks at every slot for a long one.</summary>
    public void RemoveRange(ulong startBlock, ulong lengthBlocks)
    {
        if (lengthBlocks < (ulong)SlotCount)
        {
            for (ulong block = startBlock; Count > 0 && block < startBlock + lengthBlocks; block++)
                Remove(block, null);
            return;
        }
        for (int i = 0; Count > 0 && i < _shards.Length; i++)
        {
            ref BlockTableShard shard = ref _shards[i];
            SlotCount -= shard.SlotCount;
            Count -= shard.RemoveRange(startBlock, lengthBlocks);
            SlotCount += shard.SlotCount;
        }
    }

    /// <summary>Adds the entries of one shard whose LSN is below <paramref name="lsn"/> to a list.</summary>
    public void CopyBelow(int shard, ulong lsn, List<OverlayEntry> destination) => _shards[shard].CopyBelow(lsn, destination);

    // Four neighbours share a hash: they lie in one cache line, and a run of blocks touches a quarter of the lines.
    internal static ulong Hash(ulong block) => (block >> 2) * 0x9E3779B97F4A7C15;
}

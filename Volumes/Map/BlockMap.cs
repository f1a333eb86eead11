#pragma warning disable CA1822
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Where each block of one volume is: a hole, or a block of a segment. Leaves of 512 blocks, those in use in memory, the others in map.db.
/// Owned by its volume, made by <see cref="MapStore"/>. Members that say "under the mapLock" are called with it held; the others take it themselves.
/// Changed by the one map writer.
/// </summary>
internal sealed class BlockMap
{
    /// <summary>Blocks of a leaf.</summary>
    public const int LeafBlocks = 512;

    /// <summary>Blocks the map names now; exact.</summary>
    public long MappedBlocks => throw null!;

    /// <summary>
    /// Under the mapLock, any thread. Fills <paramref name="runs"/> from its start with what the blocks from <paramref name="startBlock"/> on are; together they cover at least one block
    /// and at most <paramref name="maxBlocks"/> (fewer where runs is full or a leaf is not in memory). False = the first block's leaf is not in memory:
    /// <see cref="LoadAsync"/>, then again.
    /// </summary>
    public bool TryResolve(ulong startBlock, int maxBlocks, Span<MapRun> runs, out int count) => throw null!;

    /// <summary>Brings the leaves of a range into memory, as far as there is room. Without the mapLock, any thread.</summary>
    /// <exception cref="InvalidDataException">A leaf in map.db is damaged.</exception>
    public ValueTask LoadAsync(ulong startBlock, int lengthBlocks) => throw null!;
}

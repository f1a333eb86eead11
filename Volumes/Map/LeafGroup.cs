using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lunaria.Volumes.Map;

/// <summary>
/// What a map knows of 512 consecutive leaves (1 GiB of volume): which exist, and where those in memory are. A group nobody wrote to has no object.
/// Owned by its map; under the mapLock.
/// </summary>
internal sealed class LeafGroup
{
    /// <summary>Leaves of a group.</summary>
    public const int Leaves = 512;

    /// <summary>Leaves that name a block.</summary>
    public LeafSet Present;

    /// <summary>Leaves that are rows of the map's generation; the others belong to an older one and are copied before they change.</summary>
    public LeafSet Owned;

    /// <summary>Leaves of the map's generation that map.db has.</summary>
    public LeafSet Stored;

    /// <summary>What older generations changed since the last checkpoint, oldest first.</summary>
    public List<OlderLeaves>? Older;

    /// <summary>Page of the entries of leaves in memory; 0 = none is.</summary>
    public uint DirectoryPage;

    /// <summary>Leaves in memory.</summary>
    public int ResidentCount;

    /// <summary>Counts the changes of any leaf: a leaf read from map.db before one is not installed after it.</summary>
    public uint Version;

    /// <summary>True where something of the map's generation differs from map.db.</summary>
    public bool Changed;

    /// <summary>The older generation that a changed leaf in memory belongs to; false = it is of the map's own.</summary>
    public bool TryFindOlder(int index, out OlderLeaves? older)
    {
        older = Older?.FindLast(all => all.Dirty.Contains(index));
        return older != null;
    }
}

/// <summary>Leaves of a group as an older generation left them, until a checkpoint has them. <see cref="Dirty"/>: those whose content is in the map's memory.</summary>
internal sealed class OlderLeaves
{
    /// <summary>The generation.</summary>
    public required uint Generation { get; init; }

    /// <summary>Leaves that name a block, rows of this generation, and those of them that map.db has.</summary>
    public LeafSet Present, Owned, Stored;

    /// <summary>Leaves in the map's memory that map.db does not have.</summary>
    public LeafSet Dirty;
}

/// <summary>A set of leaves of a group, as bits.</summary>
[InlineArray(LeafGroup.Leaves / 64)]
internal struct LeafSet
{
    private ulong first;

    /// <summary>True where the leaf is in it.</summary>
    public readonly bool Contains(int leaf) => (this[leaf >> 6] >> leaf & 1) != 0;

    /// <summary>Puts a leaf in.</summary>
    public void Add(int leaf) => this[leaf >> 6] |= 1UL << leaf;

    /// <summary>Takes a leaf out.</summary>
    public void Remove(int leaf) => this[leaf >> 6] &= ~(1UL << leaf);

    /// <summary>Leaves in one or the other.</summary>
    public readonly LeafSet Union(LeafSet other)
    {
        for (int word = 0; word < LeafGroup.Leaves / 64; word++)
            other[word] |= this[word];
        return other;
    }

    /// <summary>The first leaf in it at or behind one; 512 where there is none.</summary>
    public readonly int Next(int leaf)
    {
        while (leaf < LeafGroup.Leaves)
        {
            ulong rest = this[leaf >> 6] >> leaf;
            if (rest != 0)
                return leaf + BitOperations.TrailingZeroCount(rest);
            leaf = (leaf | 63) + 1;
        }
        return LeafGroup.Leaves;
    }

    /// <summary>True where nothing is in it.</summary>
    public readonly bool IsEmpty => Next(0) == LeafGroup.Leaves;
}

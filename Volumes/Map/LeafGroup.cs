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

    /// <summary>Leaves that map.db has.</summary>
    public LeafSet Stored;

    /// <summary>Page of the entries of leaves in memory; 0 = none is.</summary>
    public uint DirectoryPage;

    /// <summary>Leaves in memory.</summary>
    public int ResidentCount;

    /// <summary>Counts the changes of any leaf: a leaf read from map.db before one is not installed after it.</summary>
    public uint Version;

    /// <summary>True where something differs from map.db.</summary>
    public bool Changed;
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

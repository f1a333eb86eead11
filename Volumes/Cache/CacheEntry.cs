using System.Runtime.InteropServices;

namespace Lunaria.Volumes.Cache;

/// <summary>Where a slot stands in the order of eviction.</summary>
internal enum SlotPlace : byte
{
    /// <summary>Nobody's: it holds nothing.</summary>
    Free,
    /// <summary>Being written: it cannot be found and is not evicted.</summary>
    Pending,
    /// <summary>In the small queue: on probation.</summary>
    Small,
    /// <summary>In the main queue: it was used again.</summary>
    Main,
    /// <summary>Of a device that left or failed.</summary>
    Gone,
}

/// <summary>What a slot holds. The numbers are those of its record.</summary>
internal enum SlotKind : byte
{
    /// <summary>A window of a segment.</summary>
    Window = 1,
    /// <summary>Blocks found by their content.</summary>
    Content = 2,
    /// <summary>References: records that say which content a window consists of.</summary>
    References = 3,
}

/// <summary>All that memory holds of a slot: 28 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct CacheEntry
{
    /// <summary>Key of the window; 0 = none.</summary>
    public ulong Key;

    /// <summary>Next slot of the same bucket, of the queue (towards its old end) and before it; -1 = none.</summary>
    public int HashNext, Older, Newer;

    /// <summary>Blocks that are there and right.</summary>
    public ushort Valid;

    /// <summary>Blocks that have been read since the slot was filled. Only reading one a second time counts as use, so that a scan in small steps does not.</summary>
    public ushort Touched;

    /// <summary>Number of the volume that it is charged to.</summary>
    public ushort Owner;

    /// <summary>Uses since it came, at most <see cref="MaxUses"/>; eviction takes them one by one.</summary>
    public byte Uses;

    private byte _placeAndKind;

    /// <summary>What is counted of uses.</summary>
    public const int MaxUses = 3;

    public SlotPlace Place
    {
        readonly get => (SlotPlace)(_placeAndKind & 15);
        set => _placeAndKind = (byte)((_placeAndKind & ~15) | (int)value);
    }

    public SlotKind Kind
    {
        readonly get => (SlotKind)(_placeAndKind >> 4);
        set => _placeAndKind = (byte)((_placeAndKind & 15) | ((int)value << 4));
    }
}

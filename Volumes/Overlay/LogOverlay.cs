#pragma warning disable CA1822
namespace Lunaria.Volumes.Overlay;

/// <summary>
/// What the log holds of one volume and its map does not know yet. Owned by the volume; every call is made under its mapLock. Calls that record
/// something come in the order of their LSNs. An entry always is newer than a trim under it, so trims are taken out before entries are.
/// </summary>
internal sealed class LogOverlay
{
    /// <summary>Block numbers are below this (4 PiB of volume).</summary>
    public const ulong MaxBlocks = 1UL << 40;

    /// <summary>Number of data entries.</summary>
    public int Count => throw null!;

    /// <summary>Number of trimmed ranges.</summary>
    public int TrimCount => throw null!;

    /// <summary>Memory held, in bytes.</summary>
    public long MemoryBytes => throw null!;

    /// <summary>Records that a block's content is at <paramref name="lsn"/>; replaces what was known of it.</summary>
    public void Insert(ulong block, ulong lsn, uint crc) => throw null!;

    /// <summary>Records that a range reads as zeros as of the record at <paramref name="lsn"/>; entries in it go, older trims in it are cut.</summary>
    public void Trim(ulong startBlock, ulong lengthBlocks, ulong lsn) => throw null!;

    /// <summary>What is known of one block.</summary>
    public OverlayLookup Lookup(ulong block) => throw null!;

    /// <summary>
    /// What is known of the run that starts at <paramref name="block"/>, at most <paramref name="maxBlocks"/> long. For Log, the first blocks' checksums are
    /// put into <paramref name="crcs"/>, which has room for as many.
    /// </summary>
    public OverlayRun LookupRun(ulong block, int maxBlocks, Span<uint> crcs) => throw null!;

    /// <summary>Takes an entry out, if it still is what was published; false = a newer write or trim is there.</summary>
    public bool RemoveIfEquals(ulong block, ulong lsn) => throw null!;

    /// <summary>Takes out every trim of records below <paramref name="lsn"/>. The map must know them, and the entries over them must still be here.</summary>
    public void RemoveTrimsBelow(ulong lsn) => throw null!;

    /// <summary>Adds all entries whose LSN is below <paramref name="lsn"/> to a list, in no order.</summary>
    public void CopyEntriesBelow(ulong lsn, List<OverlayEntry> destination) => throw null!;

    /// <summary>Adds all trims of records below <paramref name="lsn"/> to a list, by block.</summary>
    public void CopyTrimsBelow(ulong lsn, List<OverlayTrim> destination) => throw null!;
}

using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Overlay;

/// <summary>
/// What the log holds of one volume and its map does not know yet. Owned by the volume; every call is made under its mapLock. Calls that record
/// something come in the order of their LSNs. An entry always is newer than a range under it, so ranges are taken out before entries are.
/// </summary>
internal sealed class LogOverlay
{
    /// <summary>Block numbers are below this (4 PiB of volume).</summary>
    public const ulong MaxBlocks = 1UL << 40;

    /// <summary>Number of parts in which the entries are copied.</summary>
    public const int Parts = BlockTable.ShardCount;

    private readonly BlockTable _entries = new();
    private readonly OverlayRanges _ranges = new();

    /// <summary>Number of data entries.</summary>
    public int Count => _entries.Count;

    /// <summary>Number of ranges that are holes or shared.</summary>
    public int RangeCount => _ranges.Count;

    /// <summary>Memory held, in bytes.</summary>
    public long MemoryBytes => _entries.MemoryBytes + _ranges.MemoryBytes;

    /// <summary>Records that a block's content is at <paramref name="lsn"/>; replaces what was known of it.</summary>
    public void Insert(ulong block, ulong lsn, uint crc)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, MaxBlocks);
        ArgumentOutOfRangeException.ThrowIfZero(lsn);
        _entries.Set(block, lsn, crc);
    }

    /// <summary>
    /// Records that a range reads as zeros as of the record at <paramref name="lsn"/>; entries in it go, older ranges in it are cut. Zeros that a host
    /// wrote are recorded so, too.
    /// </summary>
    public void Trim(ulong startBlock, ulong lengthBlocks, ulong lsn) => Share(startBlock, lengthBlocks, lsn, default);

    /// <summary>As <see cref="Trim"/>, but the range is the blocks of a segment from a place on.</summary>
    public void Share(ulong startBlock, ulong lengthBlocks, ulong lsn, SegmentPlace place)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBlocks, MaxBlocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(startBlock, MaxBlocks - lengthBlocks);
        if (lengthBlocks == 0)
            return;
        _entries.RemoveRange(startBlock, lengthBlocks);
        _ranges.Add(startBlock, startBlock + lengthBlocks, lsn, place);
    }

    /// <summary>What is known of one block.</summary>
    public OverlayLookup Lookup(ulong block)
    {
        if (_entries.TryGet(block, out ulong lsn, out uint crc))
            return new(OverlayKind.Log, lsn, crc);
        return _ranges.TryFind(block, out lsn, out SegmentPlace place, out _) ? new(KindOf(place), lsn, 0, place) : default;
    }

    /// <summary>
    /// What is known of the run that starts at <paramref name="block"/>, at most <paramref name="maxBlocks"/> long. For Log, the first blocks' checksums are
    /// put into <paramref name="crcs"/>, which has room for as many. Time grows with the run, so a caller that wants a long one bounds it.
    /// </summary>
    public OverlayRun LookupRun(ulong block, int maxBlocks, Span<uint> crcs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBlocks, 1);
        int length = 1;
        if (_entries.TryGet(block, out ulong lsn, out uint crc))
        {
            crcs[0] = crc;
            while (length < maxBlocks && _entries.TryGet(block + (ulong)length, out ulong next, out crc) && next == lsn + ((ulong)length * 4096))
                crcs[length++] = crc;
            return new(OverlayKind.Log, length, lsn);
        }
        bool found = _ranges.TryFind(block, out lsn, out SegmentPlace place, out ulong until);
        int end = (int)Math.Min((ulong)maxBlocks, until - block);
        if (_entries.Count == 0)
            length = end;
        while (length < end && !_entries.TryGet(block + (ulong)length, out _, out _))
            length++;
        return new(found ? KindOf(place) : OverlayKind.NotHere, length, lsn, place);
    }

    /// <summary>Takes an entry out, if it still is what was published; false = a newer write or trim is there.</summary>
    public bool RemoveIfEquals(ulong block, ulong lsn) => _entries.Remove(block, lsn);

    /// <summary>Takes out every range of records below <paramref name="lsn"/>. The map must know them, and the entries over them must still be here.</summary>
    public void RemoveRangesBelow(ulong lsn) => _ranges.RemoveBelow(lsn);

    /// <summary>
    /// Adds the entries of one part (below <see cref="Parts"/>) whose LSN is below <paramref name="lsn"/> to a list, in no order. A part is small enough
    /// to be copied under a lock that others wait for; a block stays in its part.
    /// </summary>
    public void CopyEntriesBelow(int part, ulong lsn, List<OverlayEntry> destination) => _entries.CopyBelow(part, lsn, destination);

    /// <summary>Adds all ranges of records below <paramref name="lsn"/> to a list, by block.</summary>
    public void CopyRangesBelow(ulong lsn, List<OverlayRange> destination) => _ranges.CopyBelow(lsn, destination);

    private static OverlayKind KindOf(SegmentPlace place) => place.IsHole ? OverlayKind.Hole : OverlayKind.Segment;
}

using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Overlay;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Where every block of one line is now: the overlays of its generations, the newest first, over the map, under one mapLock that is never held over I/O. Owned by the
/// open line; any thread. Changes come from the line's writer, which holds the writeLock, and from the destager.
/// </summary>
internal sealed class VolumeIndex
{
    private const int MapRunsPerLookup = 16;
    private readonly Lock _mapLock;
    private LogOverlay _overlay = new();
    private OverlayLayer[] _older = [];
    private uint _generation;
    private ulong _lastObsoletingLsn;
    private volatile bool _isLeft;
    private BlockMap? _map;
    private Beginning? _beginning;
    private ulong _sizeBlocks;

    internal VolumeIndex(BlockMap map, Lock mapLock) => (_map, _mapLock, _generation) = (map, mapLock, map.Generation);

    /// <summary>An index that begins as another one was, before the map has that. Its generations begin at 0.</summary>
    internal VolumeIndex(Beginning beginning, ulong sizeBlocks) => (_beginning, _mapLock, _sizeBlocks) = (beginning, new(), sizeBlocks);

    /// <summary>An empty index over a line's map.</summary>
    public static VolumeIndex Open(MapStore maps, LineRecord record)
    {
        Lock mapLock = new();
        return new(maps.OpenVolume(record.Number, (ulong)record.CapacityBytes >> BlockGeometry.BlockShift, mapLock), mapLock);
    }

    /// <summary>
    /// An empty index over a line's map, or, where the line begins on <paramref name="parent"/> at a generation that is not published to its end, over that. While the map rests.
    /// </summary>
    public static VolumeIndex Open(MapStore maps, LineRecord record, VolumeIndex? parent) => parent?.Holds(record.ParentGeneration) == true
        ? new(new(parent, record.ParentGeneration, (all, sizeBlocks, mapLock) => all.OpenVolume(record.Number, sizeBlocks, mapLock)), (ulong)record.CapacityBytes >> BlockGeometry.BlockShift)
        : Open(maps, record);

    /// <summary>The generation that writes belong to now.</summary>
    public uint Generation
    {
        get
        {
            lock (_mapLock)
                return _generation;
        }
    }

    /// <summary>What of older generations the log still holds, oldest first, and then the newest.</summary>
    public OverlayLayer[] Layers
    {
        get
        {
            lock (_mapLock)
                return [.. _older.Reverse(), new(_generation, _overlay, ulong.MaxValue, default, EndsGeneration: false)];
        }
    }

    /// <summary>Behind what ends the oldest layer which is not published to its end; null where that goes on.</summary>
    public LogPosition? EndOfOldest
    {
        get
        {
            lock (_mapLock)
                return _older.Length > 0 ? _older[^1].End : null;
        }
    }

    /// <summary>Behind the marker that ends a generation; null where it goes on, or is published to its end.</summary>
    public ulong? EndOf(uint generation)
    {
        lock (_mapLock)
            return Array.Find(_older, layer => layer.Generation == generation && layer.EndsGeneration)?.End.Lsn;
    }

    /// <summary>True where the map has all that the index began as, so that publishes may name its line.</summary>
    public bool IsSettled => Volatile.Read(ref _beginning) is null;

    /// <summary>How many indexes a read may have to look through.</summary>
    public int Depth => Volatile.Read(ref _beginning) is { } beginning ? beginning.Parent.Depth + 1 : 0;

    /// <summary>Opens the map where what the index begins as has been published to its end. While the map rests, before anything younger is published.</summary>
    public bool TrySettle(MapStore maps)
    {
        if (_beginning is not { } beginning)
            return true;
        if (beginning.Parent.Holds(beginning.Generation))
            return false;
        BlockMap map = beginning.Open(maps, _sizeBlocks, _mapLock);
        lock (_mapLock)
        {
            map.Grow(_sizeBlocks);
            (_map, _beginning) = (map, null);
        }
        return true;
    }

    /// <summary>Older layers that are not published to their end.</summary>
    public int CountOlder
    {
        get
        {
            lock (_mapLock)
                return _older.Length;
        }
    }

    /// <summary>True where a generation, or one before it, is not published to its end.</summary>
    public bool Holds(uint generation)
    {
        lock (_mapLock)
            return _beginning is not null || _generation <= generation || _older.Any(layer => layer.Generation <= generation);
    }

    /// <summary>
    /// From the marker at <paramref name="lsn"/> on (0 = one that is published) writes belong to another generation. Takes the same time whatever there is. Under the line's
    /// writeLock or in replay.
    /// </summary>
    public void Advance(uint generation, ulong lsn, LogPosition end = default)
    {
        lock (_mapLock)
        {
            if (generation <= _generation)
                return;
            if (lsn == 0)
            {
                _generation = generation;
                return;
            }
            _older = [new(_generation, _overlay, lsn, end), .. _older];
            (_overlay, _generation) = (new(), generation);
        }
    }

    /// <summary>
    /// What is written from here on goes above what the log holds now, which nothing replaces any more. Takes the same time whatever there is. Under the line's writeLock.
    /// </summary>
    public void Freeze(LogPosition end)
    {
        lock (_mapLock)
        {
            _older = [new(_generation, _overlay, end.Lsn, end, EndsGeneration: false), .. _older];
            _overlay = new();
        }
    }

    /// <summary>Forgets the older layers whose end is published, which the map has as a whole.</summary>
    public void DropOlder(ulong endLsn)
    {
        lock (_mapLock)
            if (_older.Length > 0 && _older[^1].End.Lsn <= endLsn)
                _older = [.. _older.Where(layer => layer.End.Lsn > endLsn)];
    }

    /// <summary>Forgets what the log holds of the newest generation. Whoever still reads is told so, rather than shown what lies beneath.</summary>
    public void Leave()
    {
        lock (_mapLock)
            (_overlay, _older, _isLeft) = (new(), [.. _older.Where(layer => layer.Generation < _generation)], true);
    }

    /// <summary>True where nothing can be resolved any more: the line was left, or its map is closed.</summary>
    public bool IsGone => _isLeft || _map is { IsClosed: true };

    /// <summary>What the map has room for: the largest size the line's volume ever had.</summary>
    public long CapacityBytes
    {
        get
        {
            lock (_mapLock)
                return (long)(_map?.SizeBlocks ?? _sizeBlocks) << BlockGeometry.BlockShift;
        }
    }

    /// <summary>The volume has become larger.</summary>
    public void Grow(long sizeBytes)
    {
        ulong sizeBlocks = (ulong)sizeBytes >> BlockGeometry.BlockShift;
        lock (_mapLock)
        {
            _sizeBlocks = Math.Max(_sizeBlocks, sizeBlocks);
            _map?.Grow(sizeBlocks);
        }
    }

    /// <summary>What the destager has published. Only where <see cref="IsSettled"/>.</summary>
    public BlockMap Map => _map ?? throw new InvalidOperationException("The map does not have what this line begins as yet.");

    /// <summary>Blocks the map names now; before it has what the index begins as, those of the map it begins on.</summary>
    public long MappedBlocks => Volatile.Read(ref _beginning) is { } beginning ? beginning.Parent.MappedBlocks : Map.MappedBlocks;

    /// <summary>Brings leaves into memory for <see cref="TryResolve"/>. Any thread.</summary>
    public ValueTask LoadAsync(ulong block, int maxBlocks)
    {
        if (Volatile.Read(ref _beginning) is not { } beginning)
            return Map.LoadAsync(block, maxBlocks);
        long inside = (beginning.Parent.CapacityBytes >> BlockGeometry.BlockShift) - (long)block;
        return inside <= 0 ? default : beginning.Parent.LoadAsync(block, (int)Math.Min(maxBlocks, inside));
    }

    /// <summary>
    /// Fills <paramref name="runs"/> with the places of the blocks from <paramref name="block"/> on, at most <paramref name="maxBlocks"/> in all, and
    /// <paramref name="crcs"/> (as many) with the checksums of those in the log. They cover at least one block. False = the map's leaf of the first
    /// block is not in memory: load it and ask again, unless <see cref="IsGone"/>.
    /// </summary>
    public bool TryResolve(ulong block, int maxBlocks, Span<BlockRun> runs, Span<uint> crcs, out int count)
    {
        lock (_mapLock)
            return Resolve(-1, block, maxBlocks, runs, crcs, out count);
    }

    /// <summary>As the other, as it was at the end of a generation that the map does not have all of; what lies behind the end is a hole.</summary>
    private bool TryResolveUpTo(uint generation, ulong block, int maxBlocks, Span<BlockRun> runs, Span<uint> crcs, out int count)
    {
        lock (_mapLock)
        {
            ulong sizeBlocks = _map?.SizeBlocks ?? _sizeBlocks;
            if (block >= sizeBlocks)
            {
                runs[0] = new(BlockPlace.Hole, maxBlocks, 0, default, 0);
                count = 1;
                return true;
            }
            int newest = Array.FindIndex(_older, layer => layer.Generation <= generation);
            return Resolve(newest < 0 ? _older.Length : newest, block, (int)Math.Min((ulong)maxBlocks, sizeBlocks - block), runs, crcs, out count);
        }
    }

    /// <summary>Records what an append has put into the log. Called in the order of LSNs, under the volume's writeLock or in replay.</summary>
    public void Record(ReadOnlySpan<LogExtent> extents, ReadOnlySpan<uint> crcs, ulong recordLsn, ulong payloadLsn)
    {
        lock (_mapLock)
            foreach (ref readonly LogExtent extent in extents)
                if (extent.Kind == LogExtentKind.Data)
                {
                    int length = (int)extent.LengthBlocks, before = _overlay.Count;
                    for (int i = 0; i < length; i++, payloadLsn += BlockGeometry.BlockBytes)
                        _overlay.Insert(extent.StartBlock + (ulong)i, payloadLsn, crcs[i]);
                    crcs = crcs[length..];
                    if (_overlay.Count != before + length)
                        _lastObsoletingLsn = payloadLsn;
                }
                else if (extent.Kind != LogExtentKind.Marker)
                    Share(new(extent.StartBlock, extent.LengthBlocks, default), recordLsn);
    }

    /// <summary>As <see cref="Record"/>, of ranges that are holes or blocks of segments.</summary>
    public void RecordShares(ReadOnlySpan<SharedRange> ranges, ulong recordLsn)
    {
        lock (_mapLock)
            foreach (ref readonly SharedRange range in ranges)
                Share(range, recordLsn);
    }

    /// <summary>True where the block still is where <paramref name="run"/> says; false where it moved, or its leaf is not in memory.</summary>
    public bool IsAt(ulong block, BlockRun run)
    {
        Span<BlockRun> now = stackalloc BlockRun[1];
        Span<uint> crc = stackalloc uint[1];
        return TryResolve(block, 1, now, crc, out _) && now[0] == run;
    }

    /// <summary>
    /// Copies what the log holds of this volume below <paramref name="endLsn"/> and nothing later has replaced. Gives the LSN of the last record that
    /// replaced something, so that the caller knows up to where the log has to be durable before it is published. A part at a time, so that readers
    /// and writers get in between: what they replace meanwhile is above the cut, and the LSN is taken last.
    /// </summary>
    public ulong CopyCut(OverlayLayer layer, ulong endLsn, List<OverlayEntry> entries, List<OverlayRange> ranges)
    {
        bool any;
        lock (_mapLock)
            any = layer.Overlay.Count > 0;
        for (int part = 0; any && part < LogOverlay.Parts; part++)
            lock (_mapLock)
                layer.Overlay.CopyEntriesBelow(part, endLsn, entries);
        lock (_mapLock)
        {
            layer.Overlay.CopyRangesBelow(endLsn, ranges);
            return _lastObsoletingLsn;
        }
    }

    /// <summary>Copies every range that the log holds of a generation.</summary>
    public void CopyRanges(OverlayLayer layer, List<OverlayRange> ranges)
    {
        lock (_mapLock)
            layer.Overlay.CopyRangesBelow(ulong.MaxValue, ranges);
    }

    /// <summary>Forgets the ranges below an LSN, which the map knows now. Comes before <see cref="Forget"/>.</summary>
    public void ForgetRanges(OverlayLayer layer, ulong endLsn)
    {
        lock (_mapLock)
            layer.Overlay.RemoveRangesBelow(endLsn);
    }

    /// <summary>Forgets entries which the map knows now, except those that were replaced. A part at a time, so that readers get in between.</summary>
    public void Forget(OverlayLayer layer, ReadOnlySpan<OverlayEntry> entries)
    {
        const int part = 512;
        for (; entries.Length > 0; entries = entries[Math.Min(part, entries.Length)..])
            lock (_mapLock)
                foreach (ref readonly OverlayEntry entry in entries[..Math.Min(part, entries.Length)])
                    layer.Overlay.RemoveIfEquals(entry.Block, entry.Lsn);
    }

    /// <summary>Blocks in the log that the map does not know yet.</summary>
    public long BlocksInLog => CountBlocksInLog(uint.MaxValue);

    /// <summary>As the other, of generations up to one.</summary>
    public long CountBlocksInLog(uint upToGeneration)
    {
        long before = Volatile.Read(ref _beginning) is { } beginning ? beginning.Parent.CountBlocksInLog(beginning.Generation) : 0;
        lock (_mapLock)
            return before + _older.Where(layer => layer.Generation <= upToGeneration).Sum(layer => (long)layer.Overlay.Count) + (_generation <= upToGeneration ? _overlay.Count : 0);
    }

    private void Share(in SharedRange range, ulong recordLsn)
    {
        if (_overlay.Count + _overlay.RangeCount > 0)
            _lastObsoletingLsn = recordLsn;
        _overlay.Share(range.StartBlock, range.LengthBlocks, recordLsn, range.Place);
    }

    /// <summary>From an older layer on, whose number is <paramref name="newest"/>; -1 = from the newest overlay on.</summary>
    private bool Resolve(int newest, ulong block, int maxBlocks, Span<BlockRun> runs, Span<uint> crcs, out int count)
    {
        count = 0;
        // Who begins at an older generation goes on to read it.
        if (_isLeft && newest < 0)
            return false;
        bool overlayIsEmpty = newest >= 0 || _overlay.Count + _overlay.RangeCount == 0;
        while (maxBlocks > 0 && count < runs.Length)
        {
            OverlayRun top = overlayIsEmpty ? new(OverlayKind.NotHere, maxBlocks, 0) : _overlay.LookupRun(block, maxBlocks, crcs);
            for (int i = Math.Max(newest, 0); top.Kind == OverlayKind.NotHere && i < _older.Length; i++)
                top = _older[i].Overlay.LookupRun(block, top.LengthBlocks, crcs);
            int covered = top.LengthBlocks;
            if (top.Kind == OverlayKind.NotHere)
            {
                covered = _beginning is { } beginning ? ResolveInBeginning(beginning, block, covered, runs, crcs, ref count) : ResolveInMap(block, covered, runs, ref count);
                if (covered == 0)
                    return count > 0;
            }
            else
            {
                // A shared block is the same run here and in the map, which knows it later.
                runs[count++] = top.Kind switch
                {
                    OverlayKind.Log => new(BlockPlace.Log, covered, top.Lsn, default, 0),
                    OverlayKind.Segment => new(BlockPlace.Segment, covered, 0, top.Place.Segment, top.Place.FirstIndex),
                    _ => new(BlockPlace.Hole, covered, top.Lsn, default, 0),
                };
            }
            block += (ulong)covered;
            maxBlocks -= covered;
            crcs = crcs[covered..];
        }
        return true;
    }

    private static int ResolveInBeginning(Beginning beginning, ulong block, int maxBlocks, Span<BlockRun> runs, Span<uint> crcs, ref int count)
    {
        Span<BlockRun> found = runs[count..];
        if (!beginning.Parent.TryResolveUpTo(beginning.Generation, block, maxBlocks, found, crcs, out int foundCount))
            return 0;
        count += foundCount;
        int covered = 0;
        foreach (ref readonly BlockRun run in found[..foundCount])
            covered += run.LengthBlocks;
        return covered;
    }

    private int ResolveInMap(ulong block, int maxBlocks, Span<BlockRun> runs, ref int count)
    {
        Span<MapRun> found = stackalloc MapRun[MapRunsPerLookup];
        found = found[..Math.Min(MapRunsPerLookup, runs.Length - count)];
        if (!Map.TryResolve(block, maxBlocks, found, out int foundCount))
            return 0;
        int covered = 0;
        foreach (ref readonly MapRun run in found[..foundCount])
        {
            runs[count++] = new(run.IsHole ? BlockPlace.Hole : BlockPlace.Segment, run.LengthBlocks, 0, run.Segment, run.FirstIndex);
            covered += run.LengthBlocks;
        }
        return covered;
    }
}

using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Overlay;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Where every block of one volume is now: the overlay over the map, under one mapLock that is never held over I/O. Owned by the volume; any thread.
/// Changes come from the volume's writer, which holds the writeLock, and from the destager.
/// </summary>
internal sealed class VolumeIndex
{
    private const int MapRunsPerLookup = 16;
    private readonly LogOverlay _overlay = new();
    private readonly Lock _mapLock;
    private ulong _lastObsoletingLsn;

    private VolumeIndex(BlockMap map, Lock mapLock) => (Map, _mapLock) = (map, mapLock);

    /// <summary>An empty index over a volume's map.</summary>
    public static VolumeIndex Open(MapStore maps, VolumeRecord record)
    {
        Lock mapLock = new();
        return new(maps.OpenVolume(record.Number, record.Uuid, (ulong)record.SizeBytes >> BlockGeometry.BlockShift, mapLock), mapLock);
    }

    /// <summary>What the destager has published.</summary>
    public BlockMap Map { get; }

    /// <summary>
    /// Fills <paramref name="runs"/> with the places of the blocks from <paramref name="block"/> on, at most <paramref name="maxBlocks"/> in all, and
    /// <paramref name="crcs"/> (as many) with the checksums of those in the log. They cover at least one block. False = the map's leaf of the first
    /// block is not in memory: load it and ask again.
    /// </summary>
    public bool TryResolve(ulong block, int maxBlocks, Span<BlockRun> runs, Span<uint> crcs, out int count)
    {
        lock (_mapLock)
            return Resolve(block, maxBlocks, runs, crcs, out count);
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
                {
                    if (_overlay.Count + _overlay.TrimCount > 0)
                        _lastObsoletingLsn = recordLsn;
                    _overlay.Trim(extent.StartBlock, extent.LengthBlocks, recordLsn);
                }
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
    public ulong CopyCut(ulong endLsn, List<OverlayEntry> entries, List<OverlayTrim> trims)
    {
        for (int part = 0; part < LogOverlay.Parts; part++)
            lock (_mapLock)
                _overlay.CopyEntriesBelow(part, endLsn, entries);
        lock (_mapLock)
        {
            _overlay.CopyTrimsBelow(endLsn, trims);
            return _lastObsoletingLsn;
        }
    }

    /// <summary>Copies every trim the log holds of this volume.</summary>
    public void CopyTrims(List<OverlayTrim> trims)
    {
        lock (_mapLock)
            _overlay.CopyTrimsBelow(ulong.MaxValue, trims);
    }

    /// <summary>Forgets the trims below an LSN, which the map knows now. Comes before <see cref="Forget"/>.</summary>
    public void ForgetTrims(ulong endLsn)
    {
        lock (_mapLock)
            _overlay.RemoveTrimsBelow(endLsn);
    }

    /// <summary>Forgets entries which the map knows now, except those that were replaced. A part at a time, so that readers get in between.</summary>
    public void Forget(ReadOnlySpan<OverlayEntry> entries)
    {
        const int part = 512;
        for (; entries.Length > 0; entries = entries[Math.Min(part, entries.Length)..])
            lock (_mapLock)
                foreach (ref readonly OverlayEntry entry in entries[..Math.Min(part, entries.Length)])
                    _overlay.RemoveIfEquals(entry.Block, entry.Lsn);
    }

    /// <summary>Blocks in the log that the map does not know yet.</summary>
    public long BlocksInLog
    {
        get
        {
            lock (_mapLock)
                return _overlay.Count;
        }
    }

    private bool Resolve(ulong block, int maxBlocks, Span<BlockRun> runs, Span<uint> crcs, out int count)
    {
        count = 0;
        bool overlayIsEmpty = _overlay.Count + _overlay.TrimCount == 0;
        while (maxBlocks > 0 && count < runs.Length)
        {
            OverlayRun top = overlayIsEmpty ? new(OverlayKind.NotHere, maxBlocks, 0) : _overlay.LookupRun(block, maxBlocks, crcs);
            int covered = top.LengthBlocks;
            if (top.Kind == OverlayKind.NotHere)
            {
                covered = ResolveInMap(block, covered, runs, ref count);
                if (covered == 0)
                    return count > 0;
            }
            else
            {
                BlockPlace place = top.Kind == OverlayKind.Log ? BlockPlace.Log : BlockPlace.Hole;
                runs[count++] = new(place, covered, top.Lsn, default, 0);
            }
            block += (ulong)covered;
            maxBlocks -= covered;
            crcs = crcs[covered..];
        }
        return true;
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

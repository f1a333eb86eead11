using Lunaria.Volumes.Access;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Lines;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes;

/// <summary>
/// What snapshots share, and what differs between them. By places: a block that was written again with the same content counts as changed. Owned by the volume manager; any thread.
/// </summary>
public sealed class VolumeComparison
{
    private const int CompareBlocks = 64 * BlockMap.LeafBlocks;

    private readonly ChangeGate _changes;
    private readonly LineViews _views;
    private readonly LineCatalog _catalog;
    private readonly VolumeRegistry _volumes;
    private readonly Publisher _publisher;
    private readonly SegmentTable _segments;

    internal VolumeComparison(ChangeGate changes, LineViews views, LineCatalog catalog, VolumeRegistry volumes, Publisher publisher, SegmentTable segments) =>
        (_changes, _views, _catalog, _volumes, _publisher, _segments) = (changes, views, catalog, volumes, publisher, segments);

    /// <summary>
    /// Space of a snapshot; waits until the object store has all of it and of its neighbours. Reads the map of what is mapped, so it takes as long as that is large.
    /// </summary>
    public async ValueTask<SnapshotSpace> MeasureSnapshotAsync(Snapshot snapshot)
    {
        SnapshotRecord record = _catalog.Get(snapshot);
        long inLog = _volumes.FindLine(record.Line)?.Index.CountBlocksInLog(record.Generation) ?? 0;
        (uint? older, uint? newer) = _catalog.Around(record.Line, record.Generation);
        LineRecord line = _catalog.Find(record.Line)!;
        List<(uint Line, uint Generation)> beside = [];
        if (older is { } before)
            beside.Add((record.Line, before));
        else if (line.Parent != 0)
            beside.Add((line.Parent, line.ParentGeneration));
        if (newer is { } after)
            beside.Add((record.Line, after));
        else if (_volumes.Lines.Any(open => open.Number == record.Line && !open.IsLeft))
            beside.Add((record.Line, uint.MaxValue));
        // A clone shows at first all that the snapshot shows, and goes on to hold it until it is flattened.
        bool isHeld = _catalog.ChildrenOf(record.Line, record.Generation).Count > 0;
        long total = 0, exclusive = 0;
        await CompareAsync((record.Line, record.Generation), beside, record.SizeBytes, (block, own, others) =>
        {
            if (own.IsHole)
                return;
            total++;
            // What a copy by reference has shared may be named by any volume.
            if (!isHeld && !others.Contains(own) && !_segments.IsShared(own.Segment))
                exclusive++;
        });
        return new(total << BlockGeometry.BlockShift, exclusive << BlockGeometry.BlockShift, (total - exclusive) << BlockGeometry.BlockShift, inLog << BlockGeometry.BlockShift);
    }

    /// <summary>
    /// Ranges that differ between two snapshots of one volume, ascending; what the newer has beyond the older's end counts where it is mapped. Waits until the object store has
    /// both. ArgumentException for snapshots of different volumes.
    /// </summary>
    public async ValueTask<IReadOnlyList<ChangedRange>> ListChangesAsync(Snapshot older, Snapshot newer)
    {
        (SnapshotRecord from, SnapshotRecord to) = (_catalog.Get(older), _catalog.Get(newer));
        if (from.Volume != to.Volume)
            throw new ArgumentException($"Snapshots '{from.Name}' and '{to.Name}' are of different volumes.", nameof(newer));
        List<ChangedRange> ranges = [];
        await CompareAsync((to.Line, to.Generation), [(from.Line, from.Generation)], to.SizeBytes, (block, own, others) =>
        {
            if (own == others[0] || (own.IsHole && others[0].IsHole))
                return;
            long offset = (long)block << BlockGeometry.BlockShift;
            if (ranges.Count > 0 && ranges[^1] is var last && last.OffsetBytes + last.LengthBytes == offset && last.IsMapped == !own.IsHole)
                ranges[^1] = last with { LengthBytes = last.LengthBytes + BlockGeometry.BlockBytes };
            else
                ranges.Add(new(offset, BlockGeometry.BlockBytes, !own.IsHole));
        });
        return ranges;
    }

    /// <summary>
    /// What a volume shows, and what it and its snapshots hold that no other volume does, each block counted once: over all volumes (and what clones hold of deleted ones) that adds
    /// up to what is alive in the object store, but for blocks that copies by reference share. Waits until that has all of them. Reads the map of each snapshot, so it takes as
    /// long as they are many and large.
    /// </summary>
    public async ValueTask<VolumeSpace> MeasureVolumeAsync(Volume volume)
    {
        _volumes.CheckOwn(volume);
        long shown = 0, own = 0;
        uint current = volume.Line.Number;
        foreach (uint number in (HashSet<uint>)[current, .. _catalog.SnapshotsOf(volume.Uuid).Select(snapshot => snapshot.Line)])
        {
            LineRecord line = _catalog.Find(number)!;
            (uint Line, uint Generation)? before = line.Parent == 0 ? null : (line.Parent, line.ParentGeneration);
            foreach (uint generation in _catalog.ViewsOf(number).Concat(number == current ? [uint.MaxValue] : []))
            {
                // What a view has in another place than the one before it began with it: no other line has that.
                await CompareAsync((number, generation), before is { } view ? [view] : [], line.CapacityBytes, (_, now, others) =>
                {
                    if (now.IsHole)
                        return;
                    own += others.Length == 0 || others[0] != now ? 1 : 0;
                    shown += generation == uint.MaxValue ? 1 : 0;
                });
                before = (number, generation);
            }
        }
        return new(shown << BlockGeometry.BlockShift, own << BlockGeometry.BlockShift);
    }

    /// <summary>Gives each block of a view, with what it and the views beside it have there; uint.MaxValue = the line as it is published now.</summary>
    private async ValueTask CompareAsync(
        (uint Line, uint Generation) own, List<(uint Line, uint Generation)> beside, long sizeBytes, Action<ulong, MapRun, MapRun[]> visit)
    {
        List<(BlockMap Map, Lock MapLock)> maps = await _changes.RunAsync(() => OpenSettledAsync([own, .. beside]));
        try
        {
            ulong sizeBlocks = (ulong)sizeBytes >> BlockGeometry.BlockShift;
            List<MapRun>[] found = [.. maps.Select(_ => new List<MapRun>())];
            MapRun[] others = new MapRun[beside.Count];
            for (ulong start = 0; start < sizeBlocks; start += CompareBlocks)
            {
                int length = (int)Math.Min(CompareBlocks, sizeBlocks - start);
                for (int i = 0; i < maps.Count; i++)
                    await ResolveAsync(maps[i].Map, maps[i].MapLock, start, length, found[i]);
                for (int block = 0; block < length; block++)
                {
                    for (int i = 0; i < beside.Count; i++)
                        others[i] = found[i + 1][block];
                    visit(start + (ulong)block, found[0][block], others);
                }
            }
        }
        finally
        {
            await _changes.RunAsync(() => CloseAsync(maps));
        }
    }

    /// <summary>Opens views that stay what they are until they are closed, whatever happens to snapshots meanwhile.</summary>
    private async ValueTask<List<(BlockMap Map, Lock MapLock)>> OpenSettledAsync(IReadOnlyList<(uint Line, uint Generation)> views)
    {
        foreach ((uint number, uint generation) in views)
            if (_volumes.FindLine(number) is { } line)
                await (generation == uint.MaxValue ? _views.SettleAsync(line) : _views.SettleAsync(number, generation));
        List<(BlockMap Map, Lock MapLock)> maps = [];
        return await _publisher.WhileMapRestsAsync(all =>
        {
            foreach ((uint line, uint generation) in views)
            {
                Lock mapLock = new();
                BlockMap map = all.OpenView(
                    line, generation == uint.MaxValue ? all.Lines[line].Live!.Generation : generation, (ulong)_catalog.Find(line)!.CapacityBytes >> BlockGeometry.BlockShift, mapLock);
                _catalog.AddView(line, map.Generation);
                maps.Add((map, mapLock));
            }
            return maps;
        });
    }

    private async ValueTask CloseAsync(List<(BlockMap Map, Lock MapLock)> maps)
    {
        await _publisher.WhileMapRestsAsync(all =>
        {
            foreach ((BlockMap map, _) in maps)
                all.CloseView(map);
            return true;
        });
        foreach ((BlockMap map, _) in maps)
            _views.Forget(map.Volume, map.Generation);
    }

    /// <summary>One entry per block; holes beyond the map's end.</summary>
    private static async ValueTask ResolveAsync(BlockMap map, Lock mapLock, ulong start, int length, List<MapRun> blocks)
    {
        MapRun[] runs = new MapRun[BlockMap.LeafBlocks];
        blocks.Clear();
        int inside = (int)Math.Clamp((long)map.SizeBlocks - (long)start, 0, length);
        while (blocks.Count < inside)
        {
            bool resolved;
            int count;
            lock (mapLock)
                resolved = map.TryResolve(start + (ulong)blocks.Count, inside - blocks.Count, runs, out count);
            if (!resolved)
            {
                await map.LoadAsync(start + (ulong)blocks.Count, Math.Min(BlockMap.LeafBlocks, inside - blocks.Count));
                continue;
            }
            foreach (MapRun run in runs.AsSpan(0, count))
                for (int i = 0; i < run.LengthBlocks; i++)
                    blocks.Add(new(run.Segment, run.IsHole ? 0 : run.FirstIndex + i, 1));
        }
        while (blocks.Count < length)
            blocks.Add(new(default, 0, 1));
    }
}

using System.Collections.Concurrent;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Map;

/// <summary>
/// The block maps of all lines, their common memory, the segment table and map.db. Owned by the volume manager. One map writer (recovery, then the
/// destager) calls <see cref="ApplyAsync"/> and <see cref="CheckpointAsync"/>, one call at a time; both
/// block for map.db, on a thread of the writer's own.
/// </summary>
internal sealed partial class MapStore : IDisposable
{
    // Each reads on a connection of its own.
    private const int ConcurrentLoads = 4;

    private readonly MapDatabase database;
    private readonly LeafSource source;
    private readonly MapMemory memory;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim loadGate = new(ConcurrentLoads);
    private readonly ConcurrentDictionary<uint, MapLine> lines = new();
    private readonly ConcurrentDictionary<uint, BlockMap> maps = new();
    private readonly ConcurrentDictionary<BlockMap, bool> views = new();

    // A publish that changes more leaves than fit goes on behind a checkpoint where it stopped: from its start it would never end.
    private PublishFrame? interrupted;
    private int stepsDone;
    private long stamp, forgottenStamp = -1;

    private MapStore(MapDatabase database, MapMemory memory, TimeProvider time)
    {
        (this.database, this.memory, this.time, source) = (database, memory, time, new(database));
        Checkpoint = database.ReadCheckpoint(out uint nextSegment);
        database.ReadSegments(Segments);
        Segments.RestoreNextId(nextSegment);
        storedFaults = database.ReadFaults();
        StoredSegments = Segments.NextId;
        Stamp = database.ReadStamp();
    }

    /// <summary>Opens or creates map.db, loads the segment table, and takes up to <paramref name="memoryBytes"/> for leaves as they are used.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or written by a newer version.</exception>
    public static MapStore Open(string path, long memoryBytes, TimeProvider? time = null)
    {
        var memory = new MapMemory(memoryBytes);
        MapDatabase? database = null;
        try
        {
            database = new MapDatabase(path);
            return new MapStore(database, memory, time ?? TimeProvider.System);
        }
        catch (Exception failure)
        {
            database?.Dispose();
            memory.Dispose();
            if (failure is SqliteException cause)
                throw SqliteErrors.Translate(path, cause);
            throw;
        }
    }

    /// <summary>The state map.db has: recovery replays the journal from its position on.</summary>
    public MapCheckpoint Checkpoint { get; private set; }

    /// <summary>How many checkpoints map.db has had. Any thread.</summary>
    public long Stamp
    {
        get => Volatile.Read(ref stamp);
        private set => Volatile.Write(ref stamp, value);
    }

    /// <summary>A checkpoint that somebody else has made is committed. Map writer.</summary>
    public void CountCheckpoint() => Stamp++;

    /// <summary>All segments.</summary>
    public SegmentTable Segments { get; } = new();

    /// <summary>Memory for leaves in use now, in bytes.</summary>
    public long MemoryBytes => memory.UsedBytes;

    /// <summary>True where a checkpoint should come soon: three quarters of the leaves that may be changed are.</summary>
    public bool WantsCheckpoint => memory.DirtyBytes > memory.DirtyLimitBytes / 4 * 3 || maps.Values.Any(map => map.HasTooMuchFrozen);

    /// <summary>Blocks that the newest generations of all open lines map.</summary>
    public long MappedBlocks => maps.Values.Sum(map => map.MappedBlocks);

    /// <summary>The database.</summary>
    internal MapDatabase Database => database;

    /// <summary>The lines.</summary>
    internal IReadOnlyDictionary<uint, MapLine> Lines => (IReadOnlyDictionary<uint, MapLine>)lines;

    /// <summary>Makes a line known; its parent is known already. Any thread.</summary>
    /// <exception cref="InvalidDataException">map.db has that number for another line.</exception>
    public MapLine AddLine(LineRecord record)
    {
        Segments.AddVolume(record.Number, record.Uuid, SegmentTable.FirstSequence, record.Family);
        MapLine? parent = record.Parent == 0 ? null : lines.GetValueOrDefault(record.Parent)
            ?? throw new InvalidDataException($"Line {record.Number} begins on line {record.Parent}, which lunaria.db does not have. Restore lunaria.db from a copy.");
        return lines.GetOrAdd(record.Number, new MapLine(record.Number, record.Uuid, record.Family, parent, record.ParentGeneration) { Fault = storedFaults.GetValueOrDefault(record.Number) });
    }

    /// <summary>
    /// Opens the map of a line that is known. Every line that publishes name is open. <paramref name="mapLock"/> is the
    /// index's, shared with its overlay. While the map writer rests; blocks for reads of map.db.
    /// </summary>
    /// <exception cref="InvalidDataException">map.db has a line that was longer.</exception>
    public BlockMap OpenVolume(uint number, ulong sizeBlocks, Lock mapLock)
    {
        MapLine line = lines[number];
        BlockMap map = OpenOrFault(line, sizeBlocks, mapLock);
        if (!maps.TryAdd(number, map))
            throw new InvalidOperationException($"The map of line number {number} is open already.");
        line.Live = map;
        return map;
    }

    /// <summary>As the other, of a line without parent that becomes known by this.</summary>
    public BlockMap OpenVolume(uint number, Guid uuid, ulong sizeBlocks, Lock mapLock)
    {
        AddLine(new(number, uuid, number, 0, 0, 0));
        return OpenVolume(number, sizeBlocks, mapLock);
    }

    /// <summary>
    /// Opens a line as it was at the end of a generation that has been published to its end; the caller closes it. While the map writer rests; blocks for reads of
    /// map.db.
    /// </summary>
    public BlockMap OpenView(uint number, uint generation, ulong sizeBlocks, Lock mapLock)
    {
        BlockMap view = lines[number] is { Fault: not null } line && generation >= (line.Live?.Generation ?? 0)
            ? BlockMap.Unreadable(line, sizeBlocks, mapLock, memory, Segments, source, loadGate)
            : new(lines[number], generation, sizeBlocks, mapLock, memory, Segments, source, loadGate);
        views.TryAdd(view, true);
        return view;
    }

    /// <summary>Closes what <see cref="OpenView"/> opened. While the map writer rests.</summary>
    public void CloseView(BlockMap view)
    {
        views.TryRemove(view, out _);
        view.Close();
    }

    /// <summary>Lines that may share segments.</summary>
    public IEnumerable<MapLine> FamilyOf(uint family) => lines.Values.Where(line => line.Family == family);

    /// <summary>True where map.db may have a row of some generation of a line for a leaf.</summary>
    public bool MayHaveRow(MapLine line, ulong leaf) => line.MayHaveRow(database, leaf);

    /// <summary>Segments from this number on are not in map.db.</summary>
    public SegmentId StoredSegments { get; private set; }

    /// <summary>Rows of these leaves have changed in map.db: what memory has of them is read again. Map writer, right after a checkpoint.</summary>
    public void Reload(uint family, IReadOnlyCollection<ulong> leaves)
    {
        foreach (BlockMap map in maps.Values.Concat(views.Keys).Where(map => map.Family == family))
            foreach (ulong leaf in leaves)
                map.Reload(leaf);
    }

    /// <summary>True where map.db has a line: it was open at a checkpoint.</summary>
    public bool HasLine(uint number) => database.ReadLine(number) != null;

    /// <summary>Groups of leaves that a line may show from its parent.</summary>
    public IReadOnlyList<int> GroupsOfParent(MapLine line) => line.Parent is { } parent ? [.. source.ReadPresent(parent, line.ParentGeneration).Keys.Order()] : [];

    /// <summary>What a checkpoint takes to make a line independent of its parent in some groups.</summary>
    public MapFlattener MakeFlattener(MapLine line, uint target, IReadOnlyList<int> groups) => new(line, target, groups, source, Segments);

    /// <summary>Closes the map of a line, which no publish names any more. Between a checkpoint and the next change of the map.</summary>
    public void CloseVolume(uint number)
    {
        if (!maps.TryRemove(number, out BlockMap? map))
            return;
        // Nobody needs what it has missed.
        EndQuarantine(lines[number]);
        lines[number].Live = null;
        map.Close();
    }

    /// <summary>Forgets a line that has no leaves, no children and no open map; its name stays while it has segments.</summary>
    public void RemoveLine(uint number) => lines.TryRemove(number, out _);

    /// <summary>
    /// Applies a durable publish: adds its segments, clears its trims, maps its extents. Called without any mapLock, takes them for short pieces; doing
    /// it again changes nothing. False = too many leaves are changed: checkpoint (as of the journal position BEFORE this publish), then call again.
    /// </summary>
    public ValueTask<bool> ApplyAsync(PublishFrame publish) => new(Apply(publish));

    /// <summary>
    /// Writes everything changed since the last checkpoint in one transaction; complete = durable. Not concurrent with <see cref="ApplyAsync"/>.
    /// After a failure nothing is written and it can be tried again. <paramref name="rewrites"/> become part of it; not in the middle of a publish.
    /// </summary>
    /// <exception cref="DiskFullException">The file system has no space.</exception>
    /// <exception cref="IOException">map.db cannot be written.</exception>
    public ValueTask CheckpointAsync(MapCheckpoint checkpoint, params ReadOnlySpan<MapRewrite> rewrites) => CheckpointAsync(checkpoint, -1, rewrites);

    /// <summary>As the other; what checkpoints up to <paramref name="savedStamp"/> have changed the store's catalog has.</summary>
    public ValueTask CheckpointAsync(MapCheckpoint checkpoint, long savedStamp, params ReadOnlySpan<MapRewrite> rewrites)
    {
        WriteCheckpoint(checkpoint, savedStamp, rewrites);
        return default;
    }

    /// <summary>Closes map.db and frees all memory; what is not in a checkpoint is in the journal.</summary>
    public void Dispose()
    {
        database.Dispose();
        memory.Dispose();
        loadGate.Dispose();
    }

    private bool Apply(PublishFrame publish)
    {
        if (!ReferenceEquals(interrupted, publish))
        {
            foreach (PublishedSegment segment in publish.Segments)
                Segments.Add(segment.Id, segment.Volume, segment.Header);
            foreach (PublishedShare share in publish.Shares)
                Segments.MarkShared(share.Place.Segment);
            (interrupted, stepsDone) = (publish, 0);
        }
        foreach (Step step in Steps(publish).Skip(stepsDone))
        {
            if (!ApplyUnlessFaulted(step, publish.Sequence))
                return false;
            stepsDone++;
        }
        foreach (PublishedMarker marker in publish.Markers)
            if (Map(marker.Volume) is var map && lines[marker.Volume].Fault is null)
                map.Advance(marker.Generation);
        NoteMissed(publish);
        interrupted = null;
        return true;
    }

    private static bool Apply(Step step)
    {
        // What belongs to a generation that has ended was applied before a checkpoint in the middle of this publish.
        if (step.Generation < step.Map.Generation)
            return true;
        step.Map.Advance(step.Generation);
        return step.Map.Replace(step.Range, step.Segment, step.FirstIndex);
    }

    private readonly record struct Step(BlockMap Map, uint Generation, BlockRange Range, SegmentId Segment, int FirstIndex);

    private IEnumerable<Step> Steps(PublishFrame publish)
    {
        foreach (uint generation in publish.Segments.Select(segment => segment.Header.Generation).Concat(publish.Trims.Select(trim => trim.Generation))
            .Concat(publish.Shares.Select(share => share.Generation)).Distinct().Order())
        {
            foreach (PublishedTrim trim in publish.Trims)
                if (trim.Generation == generation)
                    yield return new(Map(trim.Volume), generation, trim.Range, SegmentId.None, 0);
            foreach (PublishedShare share in publish.Shares)
                if (share.Generation == generation)
                    yield return new(Map(share.Volume), generation, share.Range, share.Place.Segment, share.Place.FirstIndex);
            foreach (PublishedSegment segment in publish.Segments)
            {
                // Copies made by garbage collection are there, but rows come to name them in a checkpoint only.
                if (segment.Header.Generation != generation || segment.Header.Kind == SegmentKind.Copy)
                    continue;
                BlockMap map = Map(segment.Volume);
                foreach (BlockRange trim in segment.Header.Trims)
                    yield return new(map, generation, trim, SegmentId.None, 0);
                int index = 0;
                foreach (BlockRange extent in segment.Header.Extents)
                {
                    yield return new(map, generation, extent, segment.Id, index);
                    index += (int)extent.LengthBlocks;
                }
            }
        }
    }

    private void WriteCheckpoint(MapCheckpoint checkpoint, long savedStamp, ReadOnlySpan<MapRewrite> rewrites)
    {
        BlockMap[] open = [.. maps.Values.OrderBy(map => map.Volume)];
        int begun = 0;
        try
        {
            using MapCheckpointWriter writer = database.BeginCheckpoint(Segments);
            foreach (BlockMap map in open)
                map.WriteChanges(writer);
            for (; begun < rewrites.Length; begun++)
                rewrites[begun].Write(writer);
            writer.PutSegments(Segments);
            writer.PutFaults(Faults);
            if (savedStamp > forgottenStamp)
                writer.ForgetChanges(savedStamp);
            writer.Commit(checkpoint, Segments.NextId);
        }
        catch (Exception failure)
        {
            for (int i = 0; i <= begun && i < rewrites.Length; i++)
                rewrites[i].Undo();
            if (failure is SqliteException sqlite)
                throw SqliteErrors.Translate(database.Path, sqlite);
            throw;
        }
        foreach (BlockMap map in open)
            map.MarkClean();
        memory.MarkClean();
        Segments.MarkClean();
        Checkpoint = checkpoint;
        forgottenStamp = Math.Max(forgottenStamp, savedStamp);
        Stamp++;
        StoredSegments = Segments.NextId;
        foreach (MapRewrite rewrite in rewrites)
            rewrite.Committed();
    }

    private BlockMap Map(uint volume) => maps.TryGetValue(volume, out BlockMap? map)
        ? map
        : throw new InvalidDataException($"The map journal names line number {volume}, which lunaria.db does not have. The two do not belong together.");
}

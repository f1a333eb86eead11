using System.Collections.Concurrent;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Map;

/// <summary>
/// The block maps of all volumes, their common memory, the segment table and map.db. Owned by the volume manager. One map writer (recovery, then the
/// destager) calls <see cref="ApplyAsync"/> and <see cref="CheckpointAsync"/>, one call at a time; both
/// block for map.db, on a thread of the writer's own.
/// </summary>
internal sealed class MapStore : IDisposable
{
    // Each reads on a connection of its own.
    private const int ConcurrentLoads = 4;

    private readonly MapDatabase database;
    private readonly MapMemory memory;
    private readonly SemaphoreSlim loadGate = new(ConcurrentLoads);
    private readonly ConcurrentDictionary<uint, BlockMap> maps = new();

    // A publish that changes more leaves than fit goes on behind a checkpoint where it stopped: from its start it would never end.
    private PublishFrame? interrupted;
    private int stepsDone;

    private MapStore(MapDatabase database, MapMemory memory)
    {
        (this.database, this.memory) = (database, memory);
        Checkpoint = database.ReadCheckpoint(out uint nextSegment);
        database.ReadSegments(Segments);
        Segments.RestoreNextId(nextSegment);
    }

    /// <summary>Opens or creates map.db, loads the segment table, and takes up to <paramref name="memoryBytes"/> for leaves as they are used.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or written by a newer version.</exception>
    public static MapStore Open(string path, long memoryBytes)
    {
        var memory = new MapMemory(memoryBytes);
        MapDatabase? database = null;
        try
        {
            database = new MapDatabase(path);
            return new MapStore(database, memory);
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

    /// <summary>All segments.</summary>
    public SegmentTable Segments { get; } = new();

    /// <summary>Memory for leaves in use now, in bytes.</summary>
    public long MemoryBytes => memory.UsedBytes;

    /// <summary>True where a checkpoint should come soon: three quarters of the leaves that may be changed are.</summary>
    public bool WantsCheckpoint => memory.DirtyBytes > memory.DirtyLimitBytes / 4 * 3;

    /// <summary>
    /// Opens the map of a volume, under its dense number. Every volume is opened before its first publish is applied. <paramref name="mapLock"/> is the
    /// volume's, shared with its overlay. Any thread, at any time; blocks for reads of map.db.
    /// </summary>
    /// <exception cref="InvalidDataException">map.db has that number for another volume, or one that was longer.</exception>
    public BlockMap OpenVolume(uint volume, Guid uuid, ulong sizeBlocks, Lock mapLock)
    {
        Segments.AddVolume(volume, uuid, nextSequence: 1);
        var map = new BlockMap(volume, sizeBlocks, mapLock, memory, Segments, database, loadGate);
        return maps.TryAdd(volume, map) ? map : throw new InvalidOperationException($"The map of volume number {volume} is open already.");
    }

    /// <summary>
    /// Applies a durable publish: adds its segments, clears its trims, maps its extents. Called without any mapLock, takes them for short pieces; doing
    /// it again changes nothing. False = too many leaves are changed: checkpoint (as of the journal position BEFORE this publish), then call again.
    /// </summary>
    public ValueTask<bool> ApplyAsync(PublishFrame publish) => new(Apply(publish));

    /// <summary>
    /// Writes everything changed since the last checkpoint in one transaction; complete = durable. Not concurrent with <see cref="ApplyAsync"/>.
    /// After a failure nothing is written and it can be tried again.
    /// </summary>
    /// <exception cref="DiskFullException">The file system has no space.</exception>
    /// <exception cref="IOException">map.db cannot be written.</exception>
    public ValueTask CheckpointAsync(MapCheckpoint checkpoint)
    {
        WriteCheckpoint(checkpoint);
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
            (interrupted, stepsDone) = (publish, 0);
        }
        foreach ((BlockMap map, BlockRange range, SegmentId segment, int firstIndex) in Steps(publish).Skip(stepsDone))
        {
            if (!map.Replace(range, segment, firstIndex))
                return false;
            stepsDone++;
        }
        interrupted = null;
        return true;
    }

    private IEnumerable<(BlockMap Map, BlockRange Range, SegmentId Segment, int FirstIndex)> Steps(PublishFrame publish)
    {
        foreach (PublishedTrim trim in publish.Trims)
            yield return (Map(trim.Volume), trim.Range, SegmentId.None, 0);
        foreach (PublishedSegment segment in publish.Segments)
        {
            BlockMap map = Map(segment.Volume);
            foreach (BlockRange trim in segment.Header.Trims)
                yield return (map, trim, SegmentId.None, 0);
            int index = 0;
            foreach (BlockRange extent in segment.Header.Extents)
            {
                yield return (map, extent, segment.Id, index);
                index += (int)extent.LengthBlocks;
            }
        }
    }

    private void WriteCheckpoint(MapCheckpoint checkpoint)
    {
        BlockMap[] open = [.. maps.Values.OrderBy(map => map.Volume)];
        try
        {
            using MapCheckpointWriter writer = database.BeginCheckpoint();
            foreach (BlockMap map in open)
                map.WriteChanges(writer);
            writer.PutSegments(Segments);
            writer.Commit(checkpoint, Segments.NextId);
        }
        catch (SqliteException failure)
        {
            throw SqliteErrors.Translate(database.Path, failure);
        }
        foreach (BlockMap map in open)
            map.MarkClean();
        memory.MarkClean();
        Segments.MarkClean();
        Checkpoint = checkpoint;
    }

    private BlockMap Map(uint volume) => maps.TryGetValue(volume, out BlockMap? map)
        ? map
        : throw new InvalidDataException($"The map journal names volume number {volume}, which lunaria.db does not have. The two do not belong together.");
}

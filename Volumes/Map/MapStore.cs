#pragma warning disable CA1822
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// The block maps of all volumes, their common memory, the segment table and map.db. Owned by the volume manager. One map writer (recovery, then the
/// destager) calls <see cref="ApplyAsync"/> and <see cref="CheckpointAsync"/>, one call at a time.
/// </summary>
internal sealed class MapStore : IDisposable
{
    /// <summary>
    /// Opens or creates map.db (":memory:"-like names are not offered: tests use a temporary file) and loads the segment table.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is damaged or written by a newer version.</exception>
    public static MapStore Open(string path, long memoryBytes) => throw null!;

    /// <summary>The state map.db has: recovery replays the journal from its position on.</summary>
    public MapCheckpoint Checkpoint => throw null!;

    /// <summary>All segments.</summary>
    public SegmentTable Segments => throw null!;

    /// <summary>
    /// Opens the map of a volume, under its dense number. Every volume is opened before its first publish is applied. <paramref name="mapLock"/> is the
    /// volume's, shared with its overlay.
    /// </summary>
    public BlockMap OpenVolume(uint volume, Guid uuid, ulong sizeBlocks, Lock mapLock) => throw null!;

    /// <summary>
    /// Applies a durable publish: adds its segments, clears its trims, maps its extents. Called without any mapLock, takes them for short pieces; doing
    /// it again changes nothing. False = too many leaves are changed: checkpoint (as of the journal position BEFORE this publish), then call again.
    /// </summary>
    public ValueTask<bool> ApplyAsync(PublishFrame publish) => throw null!;

    /// <summary>Writes everything changed since the last checkpoint in one transaction. Not concurrent with <see cref="ApplyAsync"/>.</summary>
    public ValueTask CheckpointAsync(MapCheckpoint checkpoint) => throw null!;

    /// <summary>True where a checkpoint should come soon: half of what may be changed is.</summary>
    public bool WantsCheckpoint => throw null!;

    public void Dispose() => throw null!;
}

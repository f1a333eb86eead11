namespace Lunaria.Volumes.Segments;

/// <summary>
/// All segments of the pool: whose they are, where they are, how many of their blocks the map names. Owned by the map store. Changed by the one map
/// writer; read by any thread. Counts are exact between two publishes.
/// </summary>
internal sealed class SegmentTable
{
    /// <summary>What a line's first segment gets.</summary>
    public const ulong FirstSequence = 1;

    private const int ChunkRows = 1024;

    private readonly Lock volumesLock = new();
    private readonly Dictionary<uint, VolumeEntry> volumes = [];
    private readonly List<SegmentId> changed = [];
    private Chunk?[] chunks = new Chunk?[16];
    private uint nextId = 1;
    private long storedBytes, references;
    private int count;

    /// <summary>The id the next published segment gets; the destager counts on from it, in the order of publishing.</summary>
    public SegmentId NextId => new(nextId);

    /// <summary>Bytes of all segments in the table, headers included.</summary>
    public long StoredBytes => Volatile.Read(ref storedBytes);

    /// <summary>Entries of all leaves of all generations that name a block.</summary>
    public long References => Volatile.Read(ref references);

    /// <summary>Number of segments in the table.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Number of segments there is memory for.</summary>
    public int Capacity => chunks.Count(chunk => chunk != null) * ChunkRows;

    /// <summary>One segment's row; false where there is none (never was, or deleted).</summary>
    public bool TryGet(SegmentId id, out SegmentRow row)
    {
        Chunk?[] all = Volatile.Read(ref chunks);
        uint chunk = id.Value / ChunkRows;
        if (chunk < all.Length && all[chunk] is { } rows && rows.Rows[id.Value % ChunkRows] is { Exists: true } found)
        {
            row = new(found.Volume, found.Sequence, found.HeaderBytes, found.BlockCount, found.References, found.Born, found.Kind);
            return true;
        }
        row = default;
        return false;
    }

    /// <summary>The uuid of a volume that was added.</summary>
    public Guid VolumeUuid(uint volume) => Volume(volume).Uuid;

    /// <summary>The family of the line that segments belong to, which the line need not outlive.</summary>
    public uint FamilyOf(uint volume) => Volume(volume).Family;

    /// <summary>All lines that have, or had, segments: number and uuid.</summary>
    public IReadOnlyList<(uint Number, Guid Uuid)> Owners
    {
        get
        {
            lock (volumesLock)
                return [.. volumes.Select(entry => (entry.Key, entry.Value.Uuid))];
        }
    }

    /// <summary>All rows, by id. For the map writer.</summary>
    public IEnumerable<(SegmentId Id, SegmentRow Row)> Rows
    {
        get
        {
            for (uint id = 1; id < nextId; id++)
                if (chunks[id / ChunkRows] is null)
                    id |= ChunkRows - 1; // The loop goes on behind the chunk.
                else if (TryGet(new(id), out SegmentRow row))
                    yield return (new(id), row);
        }
    }

    /// <summary>Bytes of the volume's segments, headers included.</summary>
    public long VolumeStoredBytes(uint volume) => Volatile.Read(ref Volume(volume).StoredBytes);

    /// <summary>The sequence the volume's next segment gets: above every one the table ever held.</summary>
    public ulong NextSequence(uint volume) => Volume(volume).NextSequence;

    /// <summary>Sequences below this are an earlier owner's of the store: no volume that is known by now gets one of them.</summary>
    public void RaiseNextSequences(ulong least)
    {
        lock (volumesLock)
            foreach (VolumeEntry entry in volumes.Values)
                entry.NextSequence = Math.Max(entry.NextSequence, least);
    }

    /// <summary>
    /// Something may have been stored under the sequences up to this one: none of them is given again, since a late upload or a late deletion may still reach the store. By the map writer.
    /// </summary>
    public void Tried(uint volume, ulong sequence)
    {
        lock (volumesLock)
        {
            VolumeEntry entry = volumes[volume];
            entry.NextSequence = Math.Max(entry.NextSequence, sequence + 1);
        }
    }

    /// <summary>Sequences may have been given that the table does not know of: each line goes on so many further.</summary>
    internal void SkipSequences(ulong count)
    {
        lock (volumesLock)
            foreach (VolumeEntry entry in volumes.Values)
                entry.NextSequence += count;
    }

    /// <summary>
    /// Adds the segments that no leaf names to a list. Called by the map writer between publishes; they may be deleted from the store once the
    /// next checkpoint is committed.
    /// </summary>
    public void CopyDead(List<SegmentId> destination)
    {
        for (uint id = 1; id < nextId; id++)
        {
            if (chunks[id / ChunkRows] is not { } rows)
                id |= ChunkRows - 1; // The loop goes on behind the chunk.
            else if (rows.Rows[id % ChunkRows] is { Exists: true, References: 0 })
                destination.Add(new(id));
        }
    }

    /// <summary>Forgets a segment whose object is deleted; the row goes with the next checkpoint.</summary>
    /// <exception cref="InvalidOperationException">The map still names it.</exception>
    public void Remove(SegmentId id)
    {
        ref Row row = ref Existing(id);
        if (row.References != 0)
            throw new InvalidOperationException($"Segment {id.Value} still is named {row.References} times and cannot be removed.");
        MarkChanged(id, ref row);
        AddStored(row, -1);
        row.Exists = false;
        chunks[id.Value / ChunkRows]!.Count--;
    }

    /// <summary>Makes a volume known where it is not, with the next sequence it had at the checkpoint.</summary>
    /// <exception cref="InvalidDataException">The number is another volume's.</exception>
    internal void AddVolume(uint volume, Guid uuid, ulong nextSequence, uint family = 0)
    {
        lock (volumesLock)
        {
            if (!volumes.TryGetValue(volume, out VolumeEntry? entry))
                volumes.Add(volume, new() { Uuid = uuid, NextSequence = nextSequence, Family = family == 0 ? volume : family });
            else if (entry.Uuid != uuid)
                throw new InvalidDataException(
                    $"Volume number {volume} is {uuid} in lunaria.db, but {entry.Uuid} in map.db. The two files do not belong together.");
        }
    }

    /// <summary>Adds a published segment that nothing names; one that is there stays as it is.</summary>
    internal void Add(SegmentId id, uint volume, SegmentHeader header)
    {
        ref Row row = ref Slot(id);
        if (row.Exists)
        {
            if (row.Volume != volume || row.Sequence != header.Sequence || row.BlockCount != header.BlockCount)
                throw new InvalidDataException(
                    $"The map journal gives segment number {id.Value} to sequence {header.Sequence:x16} of volume {volume}, but map.db has "
                    + $"sequence {row.Sequence:x16} of volume {row.Volume} there. The two files do not belong together.");
            return;
        }
        Restore(id, new(volume, header.Sequence, header.HeaderBytes, header.BlockCount, 0, header.EndLsn, header.Kind));
        MarkChanged(id, ref row);
    }

    /// <summary>Puts a row of map.db into the table.</summary>
    internal void Restore(SegmentId id, SegmentRow stored)
    {
        ref Row row = ref Slot(id);
        row = new()
        {
            Exists = true,
            Volume = stored.Volume,
            Sequence = stored.Sequence,
            HeaderBytes = stored.HeaderBytes,
            BlockCount = (ushort)stored.BlockCount,
            References = stored.References,
            Born = stored.Born,
            Kind = stored.Kind,
        };
        chunks[id.Value / ChunkRows]!.Count++;
        AddStored(row, 1);
        Volatile.Write(ref references, references + stored.References);
        VolumeEntry entry = Volume(stored.Volume);
        entry.NextSequence = Math.Max(entry.NextSequence, stored.Sequence + 1);
        nextId = Math.Max(nextId, checked(id.Value + 1));
    }

    /// <summary>Ids below this were given out before.</summary>
    internal void RestoreNextId(uint value) => nextId = Math.Max(nextId, value);

    /// <summary>Leaves name blocks of a segment so many times more (or, negative, less).</summary>
    /// <exception cref="InvalidOperationException">The count would fall below 0: the map is not what it was.</exception>
    internal void AddReferences(SegmentId id, long count)
    {
        ref Row row = ref Existing(id);
        if (row.References + count < 0)
            throw new InvalidOperationException($"Segment {id.Value} would be named {row.References + count} times: map and segment table disagree.");
        row.References += count;
        Volatile.Write(ref references, references + count);
        MarkChanged(id, ref row);
    }

    /// <summary>
    /// From now on map.db notes which leaves name the segment, since they are not those of its own blocks alone. Stays so: a note too many costs a look. By the map writer.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such segment.</exception>
    internal void MarkShared(SegmentId id) => Existing(id).Shared = true;

    /// <summary>True where <see cref="MarkShared"/> was called for the segment. Any thread.</summary>
    internal bool IsShared(SegmentId id)
    {
        Chunk?[] all = Volatile.Read(ref chunks);
        uint chunk = id.Value / ChunkRows;
        return chunk < all.Length && all[chunk] is { } rows && rows.Rows[id.Value % ChunkRows].Shared;
    }

    /// <summary>Rows that differ from map.db; a row that is gone has been removed.</summary>
    internal IReadOnlyList<SegmentId> Changed => changed;

    /// <summary>map.db has all rows as they are now. Numbers are not given again, so memory for those that are gone is freed.</summary>
    internal void MarkClean()
    {
        foreach (SegmentId id in changed)
            Slot(id).Changed = false;
        foreach (SegmentId id in changed)
        {
            ref Chunk? chunk = ref chunks[id.Value / ChunkRows];
            if (chunk is { Count: 0 } && id.Value / ChunkRows < nextId / ChunkRows)
                chunk = null;
        }
        changed.Clear();
    }

    private void MarkChanged(SegmentId id, ref Row row)
    {
        if (row.Changed)
            return;
        row.Changed = true;
        changed.Add(id);
    }

    private void AddStored(in Row row, int sign)
    {
        long bytes = sign * (row.HeaderBytes + (long)row.BlockCount * SegmentHeader.BlockBytes);
        Volatile.Write(ref storedBytes, storedBytes + bytes);
        Volatile.Write(ref count, count + sign);
        VolumeEntry entry = Volume(row.Volume);
        Volatile.Write(ref entry.StoredBytes, entry.StoredBytes + bytes);
    }

    private VolumeEntry Volume(uint volume)
    {
        lock (volumesLock)
        {
            return volumes.TryGetValue(volume, out VolumeEntry? entry)
                ? entry
                : throw new InvalidOperationException($"Volume number {volume} has segments but is not open.");
        }
    }

    private ref Row Existing(SegmentId id)
    {
        ref Row row = ref Slot(id);
        if (!row.Exists)
            throw new InvalidOperationException($"The map names segment {id.Value}, which the segment table does not have.");
        return ref row;
    }

    private ref Row Slot(SegmentId id)
    {
        uint chunk = id.Value / ChunkRows;
        if (chunk >= chunks.Length)
        {
            var longer = new Chunk?[Math.Max(chunks.Length * 2, chunk + 1)];
            chunks.CopyTo(longer, 0);
            Volatile.Write(ref chunks, longer);
        }
        if (chunks[chunk] == null)
            Volatile.Write(ref chunks[chunk], new Chunk());
        return ref chunks[chunk]!.Rows[id.Value % ChunkRows];
    }

    private sealed class Chunk
    {
        public readonly Row[] Rows = new Row[ChunkRows];
        public int Count;
    }

    private struct Row
    {
        public ulong Sequence, Born;
        public long References;
        public uint Volume;
        public int HeaderBytes;
        public ushort BlockCount;
        public SegmentKind Kind;
        public bool Exists, Changed, Shared;
    }

    private sealed class VolumeEntry
    {
        public Guid Uuid;
        public uint Family;
        public ulong NextSequence;
        public long StoredBytes;
    }
}

/// <summary>
/// A segment in the table. <paramref name="References"/>: entries of leaves, of whatever line and generation, that name one of its blocks.
/// <paramref name="Born"/>: LSN below which its youngest block was written.
/// </summary>
internal readonly record struct SegmentRow(
    uint Volume, ulong Sequence, int HeaderBytes, int BlockCount, long References, ulong Born = 0, SegmentKind Kind = SegmentKind.Data)
{
    /// <summary>Bytes of the object.</summary>
    public int ObjectBytes => HeaderBytes + BlockCount * SegmentHeader.BlockBytes;

    /// <summary>Blocks that are named at most: leaves of several generations name one block several times.</summary>
    public int LiveBlocksAtMost => (int)Math.Min(References, BlockCount);
}

using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>Volumes, their lines and snapshots. What becomes unreachable is written down as work in the same transaction.</summary>
public sealed partial class MetadataDatabase
{
    private const string VolumeColumns = "number, uuid, name, size_bytes, created, state, template";

    private const string SnapshotColumns = "uuid, volume, line, generation, name, size_bytes, created, sticky, consistent, labels";

    /// <summary>All volumes, in the order of their creation.</summary>
    public IReadOnlyList<VolumeRecord> ReadVolumes() =>
        Read($"SELECT {VolumeColumns} FROM volumes ORDER BY created, number", row => new VolumeRecord(
            (uint)row.GetInt64(0), ToGuid(row[1]), row.GetString(2), row.GetInt64(3), ToTime(row.GetInt64(4)),
            (VolumeRecordState)row.GetInt32(5), row.GetInt64(6) != 0));

    /// <summary>All lines, parents before children.</summary>
    internal IReadOnlyList<LineRecord> ReadLines() =>
        Read("SELECT number, uuid, family, parent, parent_generation, capacity_bytes FROM lines ORDER BY number", row => new LineRecord(
            (uint)row.GetInt64(0), ToGuid(row[1]), (uint)row.GetInt64(2), (uint)row.GetInt64(3), (uint)row.GetInt64(4), row.GetInt64(5)));

    /// <summary>All snapshots, by line and generation.</summary>
    internal IReadOnlyList<SnapshotRecord> ReadSnapshots() =>
        Read($"SELECT {SnapshotColumns} FROM snapshots ORDER BY line, generation", row => new SnapshotRecord(
            ToGuid(row[0]), ToGuid(row[1]), (uint)row.GetInt64(2), (uint)row.GetInt64(3), row.GetString(4), row.GetInt64(5),
            ToTime(row.GetInt64(6)), row.GetInt64(7) != 0, row.GetInt64(8) != 0, row.GetString(9)));

    /// <summary>Work that <see cref="EndPrune"/> has not ended yet.</summary>
    internal IReadOnlyList<PruneRecord> ReadPrunes() =>
        Read("SELECT line, generation FROM prunes ORDER BY line, generation", row => new PruneRecord((uint)row.GetInt64(0), (uint)row.GetInt64(1)));

    /// <summary>Adds a volume on a line of its own, which has the next number.</summary>
    /// <exception cref="InvalidOperationException">The name or the uuid is taken.</exception>
    public VolumeRecord CreateVolume(Guid uuid, string name, long sizeBytes) => CreateVolume(uuid, name, sizeBytes, null, 0);

    /// <summary>As the other; the line begins where <paramref name="parent"/> was at a generation.</summary>
    internal VolumeRecord CreateVolume(Guid uuid, string name, long sizeBytes, LineRecord? parent, uint parentGeneration)
    {
        lock (sync)
        {
            DateTimeOffset created = ToTime(Now);
            using SqliteTransaction transaction = connection.BeginTransaction();
            LineRecord line = AddLine(uuid, sizeBytes, parent, parentGeneration);
            int added = Run(
                "INSERT OR IGNORE INTO volumes (number, uuid, name, size_bytes, created, state) VALUES ($1, $2, $3, $4, $5, $6)",
                (long)line.Number, ToBytes(uuid), name, sizeBytes, created.ToUnixTimeMilliseconds(), (long)VolumeRecordState.Active);
            if (added == 0)
                throw new InvalidOperationException($"There is a volume '{name}' or with the identity {uuid} already. Choose another name.");
            Commit(transaction);
            return new(line.Number, uuid, name, sizeBytes, created, VolumeRecordState.Active);
        }
    }

    /// <summary>Changes a volume's state.</summary>
    internal void SetVolumeState(Guid uuid, VolumeRecordState state) => Change("UPDATE volumes SET state = $2 WHERE uuid = $1", ToBytes(uuid), (long)state);

    /// <summary>Makes a volume a template, or an ordinary one again.</summary>
    internal void SetTemplate(Guid uuid, bool isTemplate) => Change("UPDATE volumes SET template = $2 WHERE uuid = $1", ToBytes(uuid), isTemplate ? 1L : 0L);

    /// <summary>Gives a volume another name.</summary>
    /// <exception cref="InvalidOperationException">The name is taken.</exception>
    internal void RenameVolume(Guid uuid, string name)
    {
        lock (sync)
            if (Run("UPDATE OR IGNORE volumes SET name = $2 WHERE uuid = $1", ToBytes(uuid), name) == 0)
                throw new InvalidOperationException($"There is a volume '{name}' already. Choose another name.");
    }

    /// <summary>Changes a volume's size; the capacity of its line never falls.</summary>
    internal void ResizeVolume(Guid uuid, uint line, long sizeBytes)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Run("UPDATE volumes SET size_bytes = $2 WHERE uuid = $1", ToBytes(uuid), sizeBytes);
            Run("UPDATE lines SET capacity_bytes = max(capacity_bytes, $2) WHERE number = $1", (long)line, sizeBytes);
            Commit(transaction);
        }
    }

    /// <summary>Forgets a volume and its snapshots; what only they showed is work now. Its line's number stays taken.</summary>
    internal void RemoveVolume(Guid uuid, uint line)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Run("INSERT OR IGNORE INTO prunes SELECT line, generation FROM snapshots WHERE volume = $1", ToBytes(uuid));
            Run("DELETE FROM snapshots WHERE volume = $1", ToBytes(uuid));
            Run("DELETE FROM volumes WHERE uuid = $1", ToBytes(uuid));
            Run("DELETE FROM limits WHERE volume = $1", ToBytes(uuid));
            Run("INSERT OR IGNORE INTO prunes VALUES ($1, $2)", (long)line, (long)uint.MaxValue);
            Commit(transaction);
        }
    }

    /// <summary>Adds snapshots, all or none.</summary>
    /// <exception cref="InvalidOperationException">A name is taken among the snapshots of its volume.</exception>
    internal void AddSnapshots(IEnumerable<SnapshotRecord> snapshots)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            foreach (SnapshotRecord snapshot in snapshots)
                if (Run($"INSERT OR IGNORE INTO snapshots ({SnapshotColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                    ToBytes(snapshot.Uuid), ToBytes(snapshot.Volume), (long)snapshot.Line, (long)snapshot.Generation, snapshot.Name, snapshot.SizeBytes,
                    snapshot.Created.ToUnixTimeMilliseconds(), snapshot.Sticky ? 1L : 0L, snapshot.Consistent ? 1L : 0L, snapshot.Labels) == 0)
                    throw new InvalidOperationException($"There is a snapshot '{snapshot.Name}' of this volume already. Choose another name.");
            Commit(transaction);
        }
    }

    /// <summary>Changes what may change of snapshots (name, stickiness, labels, whose they are), all or none.</summary>
    /// <exception cref="InvalidOperationException">A name is taken among the snapshots of its volume.</exception>
    internal void UpdateSnapshots(params IEnumerable<SnapshotRecord> snapshots)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            foreach (SnapshotRecord snapshot in snapshots)
                if (Run("UPDATE OR IGNORE snapshots SET name = $2, sticky = $3, labels = $4, volume = $5 WHERE uuid = $1", ToBytes(snapshot.Uuid), snapshot.Name,
                    snapshot.Sticky ? 1L : 0L, snapshot.Labels, ToBytes(snapshot.Volume)) == 0)
                    throw new InvalidOperationException($"There is a snapshot '{snapshot.Name}' of this volume already. Choose another name.");
            Commit(transaction);
        }
    }

    /// <summary>Writes down that a generation of a line may have lost its last view.</summary>
    internal void AddPrune(uint line, uint generation) => Change("INSERT OR IGNORE INTO prunes VALUES ($1, $2)", (long)line, (long)generation);

    /// <summary>Forgets snapshots; where they were taken at all, what only they showed is work now.</summary>
    internal void RemoveSnapshots(IEnumerable<SnapshotRecord> snapshots, bool prune = true)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            foreach (SnapshotRecord snapshot in snapshots)
                RemoveSnapshot(snapshot, prune);
            Commit(transaction);
        }
    }

    /// <summary>
    /// Puts a volume onto a new line that begins at a snapshot; its size becomes the snapshot's. <paramref name="drop"/>: snapshots that go with what is
    /// left behind.
    /// </summary>
    internal VolumeRecord RollBack(VolumeRecord volume, SnapshotRecord target, LineRecord targetLine, IEnumerable<SnapshotRecord> drop)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            LineRecord line = AddLine(Guid.NewGuid(), target.SizeBytes, targetLine, target.Generation);
            Run("UPDATE volumes SET number = $2, size_bytes = $3 WHERE uuid = $1", ToBytes(volume.Uuid), (long)line.Number, target.SizeBytes);
            foreach (SnapshotRecord snapshot in drop)
                RemoveSnapshot(snapshot, prune: true);
            Run("INSERT OR IGNORE INTO prunes VALUES ($1, $2)", (long)volume.Number, (long)uint.MaxValue);
            Commit(transaction);
            return volume with { Number = line.Number, SizeBytes = target.SizeBytes };
        }
    }

    /// <summary>Puts a volume onto a new line that is empty; its size stays.</summary>
    internal VolumeRecord BeginAnew(VolumeRecord volume)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            LineRecord line = AddLine(Guid.NewGuid(), volume.SizeBytes, null, 0);
            Run("UPDATE volumes SET number = $2 WHERE uuid = $1", ToBytes(volume.Uuid), (long)line.Number);
            Run("INSERT OR IGNORE INTO prunes VALUES ($1, $2)", (long)volume.Number, (long)uint.MaxValue);
            Commit(transaction);
            return volume with { Number = line.Number };
        }
    }

    /// <summary>A line needs its parent no longer; what only it showed there is work now.</summary>
    internal void DetachLine(LineRecord line)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Run("INSERT OR IGNORE INTO prunes VALUES ($1, $2)", (long)line.Parent, (long)line.ParentGeneration);
            Run("UPDATE lines SET parent = 0, parent_generation = 0 WHERE number = $1", (long)line.Number);
            Commit(transaction);
        }
    }

    /// <summary>Says that a piece of work is done.</summary>
    internal void EndPrune(PruneRecord prune) => Change("DELETE FROM prunes WHERE line = $1 AND generation = $2", (long)prune.Line, (long)prune.Generation);

    /// <summary>Forgets a line that nothing shows any more; its parent may be pruned of what only it showed.</summary>
    internal void RemoveLine(LineRecord line)
    {
        lock (sync)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Run("DELETE FROM prunes WHERE line = $1", (long)line.Number);
            if (line.Parent != 0)
                Run("INSERT OR IGNORE INTO prunes VALUES ($1, $2)", (long)line.Parent, (long)line.ParentGeneration);
            Run("DELETE FROM lines WHERE number = $1", (long)line.Number);
            Commit(transaction);
        }
    }

    private void RemoveSnapshot(SnapshotRecord snapshot, bool prune)
    {
        Run("DELETE FROM snapshots WHERE uuid = $1", ToBytes(snapshot.Uuid));
        if (prune)
            Run("INSERT OR IGNORE INTO prunes VALUES ($1, $2)", (long)snapshot.Line, (long)snapshot.Generation);
    }

    private LineRecord AddLine(Guid uuid, long capacityBytes, LineRecord? parent, uint parentGeneration)
    {
        uint number = (uint)(long)SqliteFile.ReadScalar(connection, "SELECT next_volume FROM identity")!;
        Run("UPDATE identity SET next_volume = next_volume + 1");
        // What lies behind the end of a smaller volume on the parent is discarded when the new line grows, so its map must reach as far.
        if (parent is not null)
            capacityBytes = Math.Max(capacityBytes, (long)SqliteFile.ReadScalar(connection, $"SELECT capacity_bytes FROM lines WHERE number = {parent.Number}")!);
        LineRecord line = new(number, uuid, parent?.Family ?? number, parent?.Number ?? 0, parentGeneration, capacityBytes);
        if (Run("INSERT OR IGNORE INTO lines (number, uuid, family, parent, parent_generation, capacity_bytes) VALUES ($1, $2, $3, $4, $5, $6)",
            (long)line.Number, ToBytes(uuid), (long)line.Family, (long)line.Parent, (long)parentGeneration, capacityBytes) == 0)
            throw new InvalidOperationException($"There is a volume with the identity {uuid} already.");
        return line;
    }

    private static byte[] ToBytes(Guid uuid) => uuid.ToByteArray(bigEndian: true);

    private static Guid ToGuid(object content) => new((byte[])content, bigEndian: true);
}

using System.Runtime.CompilerServices;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>The transaction of one checkpoint of map.db. Owned by the map writer's call; one thread.</summary>
internal sealed class MapCheckpointWriter : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly SegmentTable segments;
    private readonly SqliteTransaction transaction;
    private readonly SqliteStatement putLeaf, deleteLeaf, putPresence, deletePresence, putVolume, putOwner, putGeneration, putSegment,
        deleteSegment, putShare, deleteShares, putCheckpoint;

    /// <summary>Begins.</summary>
    public MapCheckpointWriter(SqliteConnection connection, SegmentTable segments)
    {
        (this.connection, this.segments) = (connection, segments);
        transaction = connection.BeginTransaction();
        try
        {
            putLeaf = Prepare("INSERT OR REPLACE INTO leaves (volume, leaf, generation, content) VALUES ($1, $2, $3, $4)", 4);
            deleteLeaf = Prepare("DELETE FROM leaves WHERE volume=$1 AND leaf=$2 AND generation=$3", 3);
            putPresence = Prepare("INSERT OR REPLACE INTO presence (volume, generation, leaf_group, content, owned) VALUES ($1, $2, $3, $4, $5)", 5);
            deletePresence = Prepare("DELETE FROM presence WHERE volume=$1 AND generation=$2 AND leaf_group=$3", 3);
            putVolume = Prepare("INSERT OR REPLACE INTO volumes (volume, uuid, next_sequence, mapped_blocks, generation, family) VALUES ($1, $2, $3, $4, $5, $6)", 6);
            putOwner = Prepare("INSERT OR IGNORE INTO volumes (volume, uuid, next_sequence, mapped_blocks, generation, family) VALUES ($1, $2, 1, -1, 0, $3)", 3);
            putGeneration = Prepare("INSERT OR REPLACE INTO generations (volume, generation, mapped_blocks) VALUES ($1, $2, $3)", 3);
            putSegment = Prepare(
                "INSERT OR REPLACE INTO segments (id, volume, sequence, header_bytes, blocks, refs, born, kind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", 8);
            deleteSegment = Prepare("DELETE FROM segments WHERE id=$1", 1);
            putShare = Prepare("INSERT OR IGNORE INTO shares (segment, volume, leaf) VALUES ($1, $2, $3)", 3);
            deleteShares = Prepare("DELETE FROM shares WHERE segment=$1", 1);
            putCheckpoint = Prepare(
                "INSERT OR REPLACE INTO checkpoint (id, journal_sequence, published_lsn, published_chain_crc, next_segment) VALUES (1, $1, $2, $3, $4)", 4);
        }
        catch
        {
            transaction.Dispose();
            throw;
        }
    }

    /// <summary>Writes a leaf, and where it names segments that are shared, that it does.</summary>
    [SkipLocalsInit]
    public void PutLeaf(uint volume, uint generation, ulong leaf, ReadOnlySpan<LeafRun> runs)
    {
        Span<byte> content = stackalloc byte[LeafCodec.MaxBytes];
        content = content[..LeafCodec.Encode(runs, content)];
        putLeaf.Run((long)volume, (long)leaf, (long)generation, content.ToArray());
        uint last = 0;
        foreach (ref readonly LeafRun run in runs)
        {
            if (run.Segment != last && run.Segment != 0 && segments.IsShared(new(run.Segment)))
                putShare.Run((long)run.Segment, (long)volume, (long)leaf);
            last = run.Segment;
        }
    }

    /// <summary>Deletes a leaf.</summary>
    public void DeleteLeaf(uint volume, uint generation, ulong leaf) => deleteLeaf.Run((long)volume, (long)leaf, (long)generation);

    /// <summary>The connection, for changes of other rows in this transaction.</summary>
    public SqliteConnection Connection => connection;

    /// <summary>Writes which leaves of a group a generation shows, and which of them are rows of just this generation.</summary>
    public void PutPresence(uint volume, uint generation, int group, LeafSet present, LeafSet owned) =>
        putPresence.Run((long)volume, (long)generation, (long)group, PresenceCodec.Encode(present), PresenceCodec.Encode(owned));

    /// <summary>Deletes what <see cref="PutPresence"/> wrote.</summary>
    public void DeletePresence(uint volume, uint generation, int group) => deletePresence.Run((long)volume, (long)generation, (long)group);

    /// <summary>Writes the counts of a line.</summary>
    public void PutVolume(uint volume, Guid uuid, ulong nextSequence, long mappedBlocks, uint generation, uint family) =>
        putVolume.Run((long)volume, uuid.ToByteArray(bigEndian: true), (long)nextSequence, mappedBlocks, (long)generation, (long)family);

    /// <summary>Writes which sequence a line's next segment gets.</summary>
    public void PutNextSequence(uint volume, ulong nextSequence)
    {
        using SqliteStatement put = Prepare("UPDATE volumes SET next_sequence=$2 WHERE volume=$1 AND next_sequence<$2", 2);
        put.Run((long)volume, (long)nextSequence);
    }

    /// <summary>Writes how many blocks a line mapped at the end of a generation.</summary>
    public void PutGeneration(uint volume, uint generation, long mappedBlocks) => putGeneration.Run((long)volume, (long)generation, mappedBlocks);

    /// <summary>Writes or deletes all rows of the table that changed.</summary>
    public void PutSegments(SegmentTable table)
    {
        HashSet<uint> owners = [];
        foreach (SegmentId id in table.Changed)
        {
            if (table.TryGet(id, out SegmentRow row))
            {
                putSegment.Run((long)id.Value, (long)row.Volume, (long)row.Sequence, (long)row.HeaderBytes,
                    (long)row.BlockCount, row.References, (long)row.Born, (long)row.Kind);
                owners.Add(row.Volume);
            }
            else
            {
                deleteSegment.Run((long)id.Value);
                deleteShares.Run((long)id.Value);
            }
        }
        // Of lines that are not open, too: their sequences outlive their segments. One that was forgotten before map.db was rebuilt has a row only because of what is shared of it.
        foreach (uint owner in owners)
        {
            putOwner.Run((long)owner, table.VolumeUuid(owner).ToByteArray(bigEndian: true), (long)table.FamilyOf(owner));
            PutNextSequence(owner, table.NextSequence(owner));
        }
    }

    /// <summary>Writes which lines are in quarantine, and no others.</summary>
    public void PutFaults(IEnumerable<(uint Line, LineFault Fault)> faults)
    {
        SqliteFile.Execute(connection, "DELETE FROM quarantine");
        using SqliteStatement put = Prepare("INSERT INTO quarantine (volume, journal_sequence, cause, since) VALUES ($1, $2, $3, $4)", 4);
        foreach ((uint line, LineFault fault) in faults)
            put.Run((long)line, (long)fault.JournalSequence, fault.Cause, fault.Since.ToUnixTimeMilliseconds());
    }

    /// <summary>Forgets which rows checkpoints up to one have changed: the store's catalog has them.</summary>
    public void ForgetChanges(long upToStamp)
    {
        using SqliteStatement forget = Prepare("DELETE FROM changes WHERE stamp<=$1", 1);
        forget.Run(upToStamp);
    }

    /// <summary>Says what all this corresponds to, and makes it durable.</summary>
    public void Commit(MapCheckpoint checkpoint, SegmentId nextSegment)
    {
        SqliteFile.Execute(connection, "UPDATE catalog SET stamp = stamp + 1");
        putCheckpoint.Run(
            (long)checkpoint.JournalSequence, (long)checkpoint.Published.Lsn, (long)checkpoint.Published.ChainCrc, (long)nextSegment.Value);
        transaction.Commit();
    }

    /// <summary>Undoes what is not committed.</summary>
    public void Dispose()
    {
        foreach (SqliteStatement statement in (ReadOnlySpan<SqliteStatement>)
            [putLeaf, deleteLeaf, putPresence, deletePresence, putVolume, putOwner, putGeneration, putSegment, deleteSegment, putShare, deleteShares, putCheckpoint])
            statement.Dispose();
        transaction.Dispose();
    }

    private SqliteStatement Prepare(string sql, int parameters) => new(connection, sql, parameters);
}

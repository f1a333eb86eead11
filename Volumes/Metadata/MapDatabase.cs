using System.Collections.Concurrent;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>
/// map.db: leaves and segment table as of the last checkpoint. Owned by the map store. Its calls block for the disk. One writer at a time; leaves are
/// read by any thread, each on a connection of its own.
/// </summary>
internal sealed class MapDatabase : IDisposable
{
    private readonly SqliteFile file;
    private readonly SqliteConnection writer;
    private readonly ConcurrentBag<LeafReader> readers = [];

    /// <summary>Opens or creates the file. Its leaves are not read: each is checked when it is.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, not ours, or written by a newer version.</exception>
    public MapDatabase(string path)
    {
        file = new(path, MapSchema.ApplicationId, MapSchema.PageBytes, MapSchema.Migrations);
        writer = file.OpenWriter(checkWhole: false);
    }

    /// <summary>How many checkpoints the file has had.</summary>
    public long ReadStamp() => (long)SqliteFile.ReadScalar(writer, "SELECT stamp FROM catalog")!;

    /// <summary>The last checkpoint, and the segment number that was next; the start of all where there is none.</summary>
    public MapCheckpoint ReadCheckpoint(out uint nextSegment)
    {
        using SqliteCommand command = writer.CreateCommand();
        command.CommandText = "SELECT journal_sequence, published_lsn, published_chain_crc, next_segment FROM checkpoint";
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read())
        {
            nextSegment = 1;
            return new(1, LogPosition.Start);
        }
        nextSegment = (uint)reader.GetInt64(3);
        return new((ulong)reader.GetInt64(0), new((ulong)reader.GetInt64(1), (uint)reader.GetInt64(2)));
    }

    /// <summary>Puts volumes and segments into an empty table.</summary>
    public void ReadSegments(SegmentTable table)
    {
        using SqliteCommand command = writer.CreateCommand();
        command.CommandText = "SELECT volume, uuid, next_sequence, family FROM volumes";
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
                table.AddVolume((uint)reader.GetInt64(0), new((byte[])reader[1], bigEndian: true), (ulong)reader.GetInt64(2), (uint)reader.GetInt64(3));
        }
        command.CommandText = "SELECT id, volume, sequence, header_bytes, blocks, refs, born, kind FROM segments";
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                table.Restore(
                    new((uint)reader.GetInt64(0)),
                    new((uint)reader.GetInt64(1), (ulong)reader.GetInt64(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt64(5),
                        (ulong)reader.GetInt64(6), (SegmentKind)reader.GetByte(7)));
            }
        }
        command.CommandText = "SELECT DISTINCT segment FROM shares WHERE segment IN (SELECT id FROM segments)";
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
                table.MarkShared(new((uint)reader.GetInt64(0)));
        }
    }

    /// <summary>Lines in quarantine, as of the checkpoint.</summary>
    public Dictionary<uint, LineFault> ReadFaults() => Read(
        "SELECT volume, journal_sequence, cause, since FROM quarantine",
        row => ((uint)row.GetInt64(0), new LineFault(row.GetString(2), (ulong)row.GetInt64(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3))))).ToDictionary();

    /// <summary>Generation and mapped blocks of a line as of the checkpoint; null where it has no row yet. Any thread.</summary>
    public (uint Generation, long MappedBlocks)? ReadLine(uint volume) => Read(
        "SELECT generation, mapped_blocks FROM volumes WHERE volume=$1 AND mapped_blocks>=0", row => ((uint)row.GetInt64(0), row.GetInt64(1)), volume) is [var found] ? found : null;

    /// <summary>Blocks a line mapped at the end of a generation; null where that is not written down. Any thread.</summary>
    public long? ReadMappedBlocks(uint volume, uint generation) => Read(
        "SELECT mapped_blocks FROM generations WHERE volume=$1 AND generation=$2", row => row.GetInt64(0), volume, generation) is [var found] ? found : null;

    /// <summary>What <see cref="MapCheckpointWriter.PutPresence"/> wrote for generations of a line from one up to another, oldest first. Any thread.</summary>
    /// <exception cref="MapDamageException">A row is damaged.</exception>
    public List<PresenceRow> ReadPresence(uint volume, uint firstGeneration, uint lastGeneration)
    {
        using SqliteConnection connection = file.OpenReader();
        return ReadPresence(connection, "volume=$1 AND generation BETWEEN $2 AND $3 ORDER BY generation, leaf_group", volume, firstGeneration, lastGeneration);
    }

    /// <summary>As the other, where a condition holds, on a connection of the caller's.</summary>
    public static List<PresenceRow> ReadPresence(SqliteConnection connection, string where, params ReadOnlySpan<long> values) => Read(
        connection, $"SELECT leaf_group, generation, content, owned, volume FROM presence WHERE {where}",
        row => PresenceCodec.TryDecode(row[2] as byte[], out LeafSet present) && PresenceCodec.TryDecode(row[3] as byte[], out LeafSet owned)
            ? new PresenceRow(row.GetInt32(0), (uint)row.GetInt64(1), present, owned)
            : throw new MapDamageException(
                (uint)row.GetInt64(4), $"map.db is damaged: the presence of group {row.GetInt64(0)} of line {row.GetInt64(4)} is not what was written. Restore the file, or delete it and rebuild the map."),
        values);

    /// <summary>
    /// Reads the newest leaf of a generation up to <paramref name="generation"/> into <paramref name="runs"/> (512); gives their number, 0 where there
    /// is none. Any thread.
    /// </summary>
    /// <exception cref="MapDamageException">The leaf is damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public int ReadLeaf(uint volume, uint generation, ulong leaf, Span<LeafRun> runs)
    {
        byte[]? content = ReadLeaf(volume, generation, leaf);
        if (content == null)
            return 0;
        int count = LeafCodec.Decode(content, runs);
        return count > 0 ? count : throw new MapDamageException(volume, $"{file.Path} is damaged: leaf {leaf} of line {volume} is not what was written. Restore the file, or recover the volume.");
    }

    /// <summary>True where, as of the checkpoint, rows of a line may name segments of another by a copy by reference, or the other way round. Any thread.</summary>
    public bool HasForeignShares(uint volume) => Read(
        "SELECT 1 FROM shares JOIN segments ON id = segment WHERE (shares.volume = $1) <> (segments.volume = $1) LIMIT 1", row => row.GetInt64(0), volume).Count > 0;

    /// <summary>The file's path, for messages.</summary>
    public string Path => file.Path;

    /// <summary>One more connection that only reads, the caller's.</summary>
    public SqliteConnection OpenReader() => file.OpenReader();

    /// <summary>Starts the transaction of a checkpoint; disposed without a commit it changes nothing.</summary>
    public MapCheckpointWriter BeginCheckpoint(SegmentTable segments) => new(writer, segments);

    /// <summary>Closes all connections.</summary>
    public void Dispose()
    {
        foreach (LeafReader reader in readers)
            reader.Dispose();
        writer.Dispose();
    }

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> convert, params ReadOnlySpan<long> values)
    {
        try
        {
            using SqliteConnection connection = file.OpenReader();
            return Read(connection, sql, convert, values);
        }
        catch (SqliteException failure)
        {
            throw SqliteErrors.Translate(file.Path, failure);
        }
    }

    private static List<T> Read<T>(SqliteConnection connection, string sql, Func<SqliteDataReader, T> convert, ReadOnlySpan<long> values)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${i + 1}", values[i]);
        using SqliteDataReader reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
            rows.Add(convert(reader));
        return rows;
    }

    private byte[]? ReadLeaf(uint volume, uint generation, ulong leaf)
    {
        LeafReader? reader = null;
        try
        {
            if (!readers.TryTake(out reader))
                reader = new(file.OpenReader());
            byte[]? content = reader.Read(volume, generation, leaf);
            readers.Add(reader);
            return content;
        }
        catch (SqliteException failure)
        {
            reader?.Dispose();
            throw SqliteErrors.Translate(file.Path, failure);
        }
    }
}

/// <summary>
/// Which leaves of a group of 512 a line shows from a generation on (<paramref name="Present"/>), and which of them are rows of just this generation
/// (<paramref name="Owned"/>).
/// </summary>
internal readonly record struct PresenceRow(int Group, uint Generation, LeafSet Present, LeafSet Owned);

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
        command.CommandText = "SELECT volume, uuid, next_sequence FROM volumes";
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
                table.AddVolume((uint)reader.GetInt64(0), new((byte[])reader[1], bigEndian: true), (ulong)reader.GetInt64(2));
        }
        command.CommandText = "SELECT id, volume, sequence, header_bytes, blocks, live_blocks FROM segments";
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                table.Restore(
                    new((uint)reader.GetInt64(0)),
                    new((uint)reader.GetInt64(1), (ulong)reader.GetInt64(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt32(5)));
            }
        }
    }

    /// <summary>Gives each group of a volume that has leaves to <paramref name="group"/>, and the volume's number of mapped blocks. Any thread.</summary>
    public long ReadPresence(uint volume, uint generation, Action<int, LeafSet> group)
    {
        using SqliteConnection connection = file.OpenReader();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT leaf_group, content FROM presence WHERE volume=$volume AND generation=$generation";
        command.Parameters.AddWithValue("$volume", (long)volume);
        command.Parameters.AddWithValue("$generation", (long)generation);
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                if (!PresenceCodec.TryDecode((byte[])reader[1], out LeafSet leaves))
                    throw Damaged($"the presence of group {reader.GetInt64(0)} of volume {volume}");
                group(reader.GetInt32(0), leaves);
            }
        }
        command.CommandText = "SELECT mapped_blocks FROM volumes WHERE volume=$volume";
        return (long?)command.ExecuteScalar() ?? 0;
    }

    /// <summary>
    /// Reads the newest leaf of a generation up to <paramref name="generation"/> into <paramref name="runs"/> (512); gives their number, 0 where there
    /// is none. Any thread.
    /// </summary>
    /// <exception cref="InvalidDataException">The leaf is damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public int ReadLeaf(uint volume, uint generation, ulong leaf, Span<LeafRun> runs)
    {
        byte[]? content = ReadLeaf(volume, generation, leaf);
        if (content == null)
            return 0;
        int count = LeafCodec.Decode(content, runs);
        return count > 0 ? count : throw Damaged($"leaf {leaf} of volume {volume}");
    }

    /// <summary>The file's path, for messages.</summary>
    public string Path => file.Path;

    /// <summary>Starts the transaction of a checkpoint; disposed without a commit it changes nothing.</summary>
    public MapCheckpointWriter BeginCheckpoint() => new(writer);

    /// <summary>Closes all connections.</summary>
    public void Dispose()
    {
        foreach (LeafReader reader in readers)
            reader.Dispose();
        writer.Dispose();
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

    private InvalidDataException Damaged(string thing) =>
        new($"{file.Path} is damaged: {thing} is not what was written. Restore the file, or delete it and rebuild the map.");
}

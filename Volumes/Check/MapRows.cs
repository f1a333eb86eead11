using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Check;

/// <summary>A line's row in map.db.</summary>
internal sealed record MapLineRow(uint Line, Guid Uuid, ulong NextSequence, long MappedBlocks, uint Generation, uint Family);

/// <summary>A row of <c>leaves</c>; <paramref name="Runs"/> null where it is damaged.</summary>
internal sealed record LeafRow(uint Line, ulong Leaf, uint Generation, LeafRun[]? Runs);

/// <summary>A row of <c>presence</c>; null where a set is damaged.</summary>
internal sealed record PresenceSets(LeafSet? Present, LeafSet? Owned);

/// <summary>The rows of map.db as they are, checked for nothing but their own checksums. One thread, on a connection of the caller's.</summary>
internal sealed class MapRows(SqliteConnection connection)
{
    /// <summary>Which checkpoint they are of; null = none.</summary>
    public (MapCheckpoint Checkpoint, uint NextSegment)? ReadCheckpoint()
    {
        (MapCheckpoint, uint)? found = null;
        Each("SELECT journal_sequence, published_lsn, published_chain_crc, next_segment FROM checkpoint", row => found = (
            new((ulong)row.GetInt64(0), new((ulong)row.GetInt64(1), (uint)row.GetInt64(2))), (uint)row.GetInt64(3)));
        return found;
    }

    /// <summary>All lines.</summary>
    public Dictionary<uint, MapLineRow> ReadLines()
    {
        Dictionary<uint, MapLineRow> lines = [];
        Each("SELECT volume, uuid, next_sequence, mapped_blocks, generation, family FROM volumes", row => lines.Add((uint)row.GetInt64(0), new(
            (uint)row.GetInt64(0), new((byte[])row[1], bigEndian: true), (ulong)row.GetInt64(2), row.GetInt64(3), (uint)row.GetInt64(4), (uint)row.GetInt64(5))));
        return lines;
    }

    /// <summary>The segment table.</summary>
    public SortedDictionary<uint, SegmentRow> ReadSegments()
    {
        SortedDictionary<uint, SegmentRow> segments = [];
        Each("SELECT id, volume, sequence, header_bytes, blocks, refs, born, kind FROM segments", row => segments.Add((uint)row.GetInt64(0), new(
            (uint)row.GetInt64(1), (ulong)row.GetInt64(2), row.GetInt32(3), row.GetInt32(4), row.GetInt64(5), (ulong)row.GetInt64(6), (SegmentKind)row.GetByte(7))));
        return segments;
    }

    /// <summary>All presence rows.</summary>
    public Dictionary<(uint Line, uint Generation, int Group), PresenceSets> ReadPresence()
    {
        Dictionary<(uint, uint, int), PresenceSets> rows = [];
        Each("SELECT volume, generation, leaf_group, content, owned FROM presence", row => rows.Add(
            ((uint)row.GetInt64(0), (uint)row.GetInt64(1), row.GetInt32(2)), new(Decode(row[3]), Decode(row[4]))));
        return rows;
    }

    /// <summary>Leaves that name blocks of a segment elsewhere than the segment was written for.</summary>
    public HashSet<(uint Segment, uint Line, ulong Leaf)> ReadShares()
    {
        HashSet<(uint, uint, ulong)> shares = [];
        Each("SELECT segment, volume, leaf FROM shares", row => shares.Add(((uint)row.GetInt64(0), (uint)row.GetInt64(1), (ulong)row.GetInt64(2))));
        return shares;
    }

    /// <summary>All leaves, by line, leaf and generation.</summary>
    public IEnumerable<LeafRow> ReadLeaves()
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT volume, leaf, generation, content FROM leaves ORDER BY volume, leaf, generation";
        using SqliteDataReader reader = command.ExecuteReader();
        LeafRun[] runs = new LeafRun[BlockMap.LeafBlocks];
        while (reader.Read())
        {
            int count = reader[3] is byte[] content ? LeafCodec.Decode(content, runs) : 0;
            yield return new((uint)reader.GetInt64(0), (ulong)reader.GetInt64(1), (uint)reader.GetInt64(2), count == 0 ? null : runs[..count]);
        }
    }

    private static LeafSet? Decode(object content) => content is byte[] bytes && PresenceCodec.TryDecode(bytes, out LeafSet leaves) ? leaves : null;

    private void Each(string sql, Action<SqliteDataReader> take)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            take(reader);
    }
}

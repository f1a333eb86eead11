using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// Rows of map.db for the catalog, from a connection whose transaction shows one checkpoint: all of them, or those changed since an earlier checkpoint, which triggers have noted in
/// <c>changes</c>. Read as the pieces are taken. Stateless.
/// </summary>
internal static class MapExport
{
    /// <summary>Tables whose rows are noted when they change; the index is the kind in <c>changes</c>, the key columns are its a, b and c.</summary>
    public static IReadOnlyList<RowTable> Noted { get; } =
    [
        new("leaves", ["volume", "leaf", "generation", "content"], 3),
        new("presence", ["volume", "generation", "leaf_group", "content", "owned"], 3),
        new("volumes", ["volume", "uuid", "next_sequence", "mapped_blocks", "generation", "family"], 1),
        new("generations", ["volume", "generation", "mapped_blocks"], 2),
        new("segments", ["id", "volume", "sequence", "header_bytes", "blocks", "refs", "born", "kind"], 1),
        new("shares", ["segment", "volume", "leaf"], 3),
    ];

    private static readonly IReadOnlyList<RowTable> Whole =
    [
        new("quarantine", ["volume", "journal_sequence", "cause", "since"], 1),
        new("checkpoint", ["id", "journal_sequence", "published_lsn", "published_chain_crc", "next_segment"], 1),
    ];

    /// <summary>All rows.</summary>
    public static IEnumerable<byte[]> Base(SqliteConnection snapshot, int pieceBytes)
    {
        RowWriter rows = new(pieceBytes);
        foreach (RowTable table in Noted.Concat(Whole))
        {
            rows.Begin(table);
            foreach (byte[] piece in rows.PutAll(snapshot))
                yield return piece;
        }
        yield return rows.TakePiece();
    }

    /// <summary>Rows that checkpoints behind <paramref name="stamp"/> have changed, and the keys of those that are gone.</summary>
    public static IEnumerable<byte[]> Increment(SqliteConnection snapshot, long stamp, int pieceBytes)
    {
        RowWriter rows = new(pieceBytes);
        for (int kind = 0; kind < Noted.Count; kind++)
        {
            RowTable table = Noted[kind];
            string[] noted = ["a", "b", "c"];
            rows.Begin(table);
            using SqliteCommand command = snapshot.CreateCommand();
            command.CommandText = $"SELECT {string.Join(", ", noted.Take(table.KeyColumns).Select(column => $"c.{column}"))}, {string.Join(", ", table.Columns.Select(column => $"t.{column}"))} "
                + $"FROM changes c LEFT JOIN {table.Name} t ON {string.Join(" AND ", noted.Take(table.KeyColumns).Select((column, i) => $"t.{table.Columns[i]}=c.{column}"))} "
                + $"WHERE c.kind={kind} AND c.stamp>$1";
            command.Parameters.AddWithValue("$1", stamp);
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                if (reader.IsDBNull(table.KeyColumns))
                    rows.Delete(reader);
                else
                    rows.Put(reader, table.KeyColumns);
                if (rows.IsFull)
                    yield return rows.TakePiece();
            }
        }
        foreach (RowTable table in Whole)
        {
            rows.Begin(table);
            rows.Clear();
            foreach (byte[] piece in rows.PutAll(snapshot))
                yield return piece;
        }
        yield return rows.TakePiece();
    }
}

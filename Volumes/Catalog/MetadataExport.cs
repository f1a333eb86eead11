using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// All of lunaria.db but its history, for the catalog: whatever tables there are, with what makes them. From a connection whose transaction shows one moment. Stateless.
/// </summary>
internal static class MetadataExport
{
    // What has happened; nothing needs it.
    private static readonly HashSet<string> History = new(StringComparer.Ordinal) { "events", "audit", "capacity", "notices" };

    /// <summary>Pieces that <see cref="RowReader"/> makes the file of again.</summary>
    public static IEnumerable<byte[]> All(SqliteConnection snapshot, int pieceBytes)
    {
        RowWriter rows = new(pieceBytes);
        List<(string Type, string Name, string Sql)> parts = Schema(snapshot);
        foreach ((_, _, string sql) in parts.Where(part => part.Type == "table"))
            rows.Statement(sql);
        foreach (string name in parts.Where(part => part.Type == "table" && !History.Contains(part.Name)).Select(part => part.Name).Concat(Sequences(snapshot)))
        {
            rows.Begin(new(name, Columns(snapshot, name), 0));
            rows.Clear();
            foreach (byte[] piece in rows.PutAll(snapshot))
                yield return piece;
        }
        foreach ((_, _, string sql) in parts.Where(part => part.Type != "table"))
            rows.Statement(sql);
        yield return rows.TakePiece();
    }

    private static List<(string Type, string Name, string Sql)> Schema(SqliteConnection snapshot)
    {
        using SqliteCommand command = snapshot.CreateCommand();
        command.CommandText = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY rowid";
        using SqliteDataReader reader = command.ExecuteReader();
        List<(string, string, string)> parts = [];
        while (reader.Read())
            parts.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return parts;
    }

    /// <summary>SQLite's own table of the numbers that are never given again, where it has one.</summary>
    private static IEnumerable<string> Sequences(SqliteConnection snapshot)
    {
        using SqliteCommand command = snapshot.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master WHERE name = 'sqlite_sequence'";
        return command.ExecuteScalar() is string name ? [name] : [];
    }

    private static List<string> Columns(SqliteConnection snapshot, string table)
    {
        using SqliteCommand command = snapshot.CreateCommand();
        command.CommandText = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
        command.Parameters.AddWithValue("$1", table);
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> columns = [];
        while (reader.Read())
            columns.Add(reader.GetString(0));
        return columns;
    }
}

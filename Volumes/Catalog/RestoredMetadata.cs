using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>Fits lunaria.db and a map.db that is older than the one it was used with to each other. Stateless; used by a recovery.</summary>
internal static class RestoredMetadata
{
    // More than are ever given between two saves.
    private const int SkippedLines = 1 << 16;

    /// <summary>lunaria.db itself is older than it was: numbers of lines that it does not know of are not given again.</summary>
    public static void Finish(string path, RebuildNotice notice)
    {
        using SqliteConnection connection = Open(path);
        using SqliteTransaction transaction = connection.BeginTransaction();
        SqliteFile.Execute(connection, $"UPDATE identity SET next_volume = next_volume + {SkippedLines}");
        Note(connection, notice);
        transaction.Commit();
    }

    /// <summary>Only map.db is older: lines that were forgotten since have rows in it again, and are forgotten once more.</summary>
    public static void TakeBackLines(string path, string savedPath, RebuildNotice notice)
    {
        const string Columns = "number, uuid, family, parent, parent_generation, capacity_bytes";
        using SqliteConnection connection = Open(path);
        using (SqliteCommand attach = connection.CreateCommand())
        {
            attach.CommandText = "ATTACH $1 AS saved";
            attach.Parameters.AddWithValue("$1", savedPath);
            attach.ExecuteNonQuery();
        }
        using (SqliteTransaction transaction = connection.BeginTransaction())
        {
            SqliteFile.Execute(connection, $"INSERT OR IGNORE INTO main.prunes SELECT number, {uint.MaxValue} FROM saved.lines WHERE number NOT IN (SELECT number FROM main.lines)");
            SqliteFile.Execute(connection, $"INSERT INTO main.lines ({Columns}) SELECT {Columns} FROM saved.lines WHERE number NOT IN (SELECT number FROM main.lines)");
            Note(connection, notice);
            transaction.Commit();
        }
        SqliteFile.Execute(connection, "DETACH saved");
    }

    private static void Note(SqliteConnection connection, RebuildNotice notice)
    {
        using SqliteStatement put = new(connection, "INSERT OR REPLACE INTO main.settings (name, value) VALUES ($1, $2)", 2);
        put.Run(RebuildNotice.Setting, notice.Value);
    }

    private static SqliteConnection Open(string path)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        SqliteFile.Execute(connection, "PRAGMA synchronous=FULL");
        return connection;
    }
}

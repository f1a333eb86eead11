using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>Whether a SQLite file of ours can be used. <paramref name="Cause"/>: why it cannot, as the end of a sentence.</summary>
internal readonly record struct DatabaseState(bool IsMissing, bool IsSound, string Cause)
{
    /// <summary>Looks; with <paramref name="checkWhole"/> at all pages. Changes nothing. What is another program's, or newer than this one, counts as sound: opening it says so.</summary>
    public static DatabaseState Of(SqliteFile file, bool checkWhole)
    {
        string name = Path.GetFileName(file.Path);
        if (!File.Exists(file.Path))
            return new(true, false, $"{name} was missing.");
        try
        {
            using SqliteConnection connection = file.OpenReader();
            // A file of no bytes is one that a first start was about to make.
            if ((long)SqliteFile.ReadScalar(connection, "PRAGMA page_count")! == 0)
                return new(true, false, $"{name} was empty.");
            long tables = (long)SqliteFile.ReadScalar(connection, "SELECT count(*) FROM sqlite_master")!;
            if (checkWhole && SqliteFile.ReadScalar(connection, "PRAGMA quick_check(1)") is not "ok")
                return new(false, false, $"{name} was damaged: quick_check found errors.");
            // What the start reads, whatever it is for.
            foreach (string table in checkWhole || tables == 0 ? [] : (ReadOnlySpan<string>)["checkpoint", "volumes", "segments", "shares", "quarantine"])
                ReadAll(connection, table);
            return new(false, true, "");
        }
        catch (Exception e) when (e is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB } or InvalidCastException)
        {
            return new(false, false, $"{name} was damaged: {e.Message.TrimEnd('.')}.");
        }
        catch (SqliteException)
        {
            return new(false, true, "");
        }
    }

    private static void ReadAll(SqliteConnection connection, string table)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT * FROM {table}";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            reader.GetValue(0);
    }
}

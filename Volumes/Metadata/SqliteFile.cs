using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>
/// One SQLite file of ours: opens connections, checks whose file it is, brings it to this version's schema. Stateless; any thread.
/// A file names its kind in <c>application_id</c> and its schema in <c>user_version</c> = number of migrations done.
/// </summary>
internal sealed record SqliteFile(string Path, int ApplicationId, int PageBytes, IReadOnlyList<string> Migrations)
{
    /// <summary>Opens or creates the file, checks and migrates it. The connection writes with synchronous=FULL: a commit is durable.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, not ours, or written by a newer version.</exception>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public SqliteConnection OpenWriter(bool checkWhole)
    {
        SqliteConnection connection = Open(SqliteOpenMode.ReadWriteCreate);
        try
        {
            // Statements that fire triggers keep a journal each, which in a temporary file would be most of what a checkpoint writes. Each changes few rows, so memory has room for it.
            Execute(connection, $"PRAGMA temp_store=MEMORY; PRAGMA page_size={PageBytes}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit={64 << 20}");
            CheckOwner(connection, out long version);
            if (checkWhole && ReadScalar(connection, "PRAGMA quick_check(1)") is not "ok")
                throw new InvalidDataException($"{Path} is damaged: quick_check found errors. Restore it from a copy.");
            Migrate(connection, version);
            return connection;
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw SqliteErrors.Translate(Path, failure);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens one more connection that only reads.</summary>
    public SqliteConnection OpenReader() => Open(SqliteOpenMode.ReadOnly);

    /// <summary>Runs a statement without results.</summary>
    public static int Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    /// <summary>The first value of a query.</summary>
    public static object? ReadScalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private void CheckOwner(SqliteConnection connection, out long version)
    {
        version = (long)ReadScalar(connection, "PRAGMA user_version")!;
        long owner = (long)ReadScalar(connection, "PRAGMA application_id")!;
        if (owner != ApplicationId && (owner != 0 || version != 0))
            throw new InvalidDataException($"{Path} is a SQLite file of another program (application id {owner:x}). Give the right data directory.");
        if (version > Migrations.Count)
            throw new InvalidDataException(
                $"{Path} was written by a newer version: its schema is number {version}, this version knows {Migrations.Count}. Start the newer version.");
    }

    private void Migrate(SqliteConnection connection, long version)
    {
        for (; version < Migrations.Count; version++)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Execute(connection, Migrations[(int)version]);
            Execute(connection, $"PRAGMA application_id={ApplicationId}; PRAGMA user_version={version + 1}");
            transaction.Commit();
        }
    }

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw new IOException($"{Path} cannot be opened: {failure.Message} Check that the directory exists and may be written.", failure);
        }
        return connection;
    }
}

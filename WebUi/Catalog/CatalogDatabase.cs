using Microsoft.Data.Sqlite;

namespace Lunaria.WebUi.Catalog;

/// <summary>
/// The administration's part of lunaria.db. Every change is durable when the call returns (synchronous=FULL, a few ms), so never on the way
/// of an I/O. Owned by the run; any thread, one statement or transaction at a time.
/// </summary>
public sealed class CatalogDatabase : IDisposable
{
    private readonly Lock _sync = new();
    private readonly SqliteConnection _connection;

    private CatalogDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>
    /// Opens lunaria.db of a data directory and brings the tables to this version; InvalidDataException where they are newer than this program.
    /// </summary>
    public static CatalogDatabase Open(string directory)
    {
        var path = Path.Combine(directory, "lunaria.db");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, ForeignKeys = true }.ToString());
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;");
            Migrate(connection, path);
            return new CatalogDatabase(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _connection.Dispose();

    /// <summary>All rows of a query. Parameters are $1, $2 and so on; null is NULL.</summary>
    internal List<T> Read<T>(string sql, Func<SqliteDataReader, T> convert, params ReadOnlySpan<object?> values)
    {
        lock (_sync)
        {
            using var command = Command(_connection, sql, values);
            using var reader = command.ExecuteReader();
            var rows = new List<T>();
            while (reader.Read())
                rows.Add(convert(reader));
            return rows;
        }
    }

    /// <summary>Changes rows; how many.</summary>
    internal int Change(string sql, params ReadOnlySpan<object?> values)
    {
        lock (_sync)
            return Execute(_connection, sql, values);
    }

    /// <summary>Adds a row; its number.</summary>
    internal long Insert(string sql, params ReadOnlySpan<object?> values)
    {
        lock (_sync)
        {
            Execute(_connection, sql, values);
            using var command = Command(_connection, "SELECT last_insert_rowid()", []);
            return (long)command.ExecuteScalar()!;
        }
    }

    /// <summary>Several changes, all or nothing.</summary>
    internal void InTransaction(Action<CatalogDatabase> changes)
    {
        lock (_sync)
        {
            using var transaction = _connection.BeginTransaction();
            changes(this);
            transaction.Commit();
        }
    }

    private static void Migrate(SqliteConnection connection, string path)
    {
        using var transaction = connection.BeginTransaction();
        long version = 0;
        if (Scalar(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'target_schema'") > 0)
            version = Scalar(connection, "SELECT version FROM target_schema");
        var known = CatalogSchema.Migrations.Count;
        if (version > known)
            throw new InvalidDataException($"{path} holds targets of version {version}, this program knows {known}: start the version that wrote it, or a newer one");
        for (; version < known; version++)
        {
            Execute(connection, CatalogSchema.Migrations[(int)version]);
            Execute(connection, "UPDATE target_schema SET version = $1", version + 1);
        }

        transaction.Commit();
    }

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = Command(connection, sql, []);
        return (long)command.ExecuteScalar()!;
    }

    private static int Execute(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, ReadOnlySpan<object?> values)
    {
        // CreateCommand joins the transaction that the connection is in.
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${i + 1}", values[i] ?? DBNull.Value);
        return command;
    }
}

using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>
/// The engine's part of lunaria.db: what only it knows. Every change is durable when the call returns (synchronous=FULL, a few ms), so never on the way
/// of an I/O. A change that fails throws DiskFullException or another IOException, and changed nothing. Owned by the process; thread-safe, one
/// call at a time.
/// </summary>
public sealed partial class MetadataDatabase : IDisposable
{
    /// <summary>Events kept; older ones go.</summary>
    public const int MaxEvents = 10_000;

    private readonly Lock sync = new();
    private readonly SqliteConnection connection;
    private readonly TimeProvider time;

    private readonly string path;

    /// <summary>
    /// Writes a copy of the whole file as of now to a path that does not exist yet, while it is in use, and checks it. IOException where that cannot be done.
    /// </summary>
    public void BackUp(string toPath)
    {
        try
        {
            using SqliteConnection copy = new(new SqliteConnectionStringBuilder { DataSource = toPath, Pooling = false }.ToString());
            copy.Open();
            lock (sync)
                connection.BackupDatabase(copy);
            if (SqliteFile.ReadScalar(copy, "PRAGMA quick_check(1)") is not "ok")
                throw new IOException($"{toPath} is damaged: quick_check found errors. Check the disk.");
        }
        catch (SqliteException failure)
        {
            throw new IOException($"{toPath} cannot be written: {failure.Message} Check the directory and its space.", failure);
        }
    }

    /// <summary>One more connection that only reads, the caller's.</summary>
    internal SqliteConnection OpenReader() => new SqliteFile(path, MetadataSchema.ApplicationId, MetadataSchema.PageBytes, MetadataSchema.Migrations).OpenReader();

    private MetadataDatabase(string path, SqliteConnection connection, TimeProvider time)
    {
        (this.path, this.connection, this.time) = (path, connection, time);
        Run("INSERT OR IGNORE INTO identity (id, pool_id, lives, next_volume) VALUES (1, $1, 0, 1)", Guid.NewGuid().ToByteArray(bigEndian: true));
        PoolId = new Guid((byte[])SqliteFile.ReadScalar(connection, "SELECT pool_id FROM identity")!, bigEndian: true);
    }

    /// <summary>Opens or creates the file, checks all of it and brings it to this version's schema.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, not ours, or written by a newer version.</exception>
    public static MetadataDatabase Open(string path, TimeProvider time)
    {
        var file = new SqliteFile(path, MetadataSchema.ApplicationId, MetadataSchema.PageBytes, MetadataSchema.Migrations);
        SqliteConnection connection = file.OpenWriter(checkWhole: true);
        try
        {
            return new MetadataDatabase(path, connection, time);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Where the file lies.</summary>
    public string FilePath => path;

    /// <summary>The pool this file belongs to; made with the file. Segments and map journal carry it.</summary>
    public Guid PoolId { get; }

    /// <summary>Counts this start of the process and gives its number, from 1.</summary>
    public ulong BeginLife()
    {
        lock (sync)
        {
            Run("UPDATE identity SET lives = lives + 1");
            return (ulong)(long)SqliteFile.ReadScalar(connection, "SELECT lives FROM identity")!;
        }
    }

    /// <summary>A setting, or null.</summary>
    public string? ReadSetting(string name) => Read("SELECT value FROM settings WHERE name = $1", row => row.GetString(0), name).FirstOrDefault();

    /// <summary>Settings whose names begin with <paramref name="prefix"/>.</summary>
    internal IReadOnlyList<(string Name, string Value)> ReadSettings(string prefix) =>
        [.. Read("SELECT name, value FROM settings WHERE substr(name, 1, length($1)) = $1 ORDER BY name", row => (row.GetString(0), row.GetString(1)), prefix)];

    /// <summary>Sets a setting; null removes it.</summary>
    public void WriteSetting(string name, string? value)
    {
        if (value == null)
            Change("DELETE FROM settings WHERE name = $1", name);
        else
            Change("INSERT OR REPLACE INTO settings (name, value) VALUES ($1, $2)", name, value);
    }

    /// <summary>The persistent reservations of a logical unit as they were written, or null.</summary>
    public byte[]? ReadReservations(string logicalUnit) =>
        Read("SELECT content FROM reservations WHERE logical_unit = $1", row => (byte[])row[0], logicalUnit).FirstOrDefault();

    /// <summary>Keeps the persistent reservations of a logical unit (SPC-4 5.12.5: through the loss of power); null removes them.</summary>
    public void WriteReservations(string logicalUnit, byte[]? content)
    {
        if (content == null)
            Change("DELETE FROM reservations WHERE logical_unit = $1", logicalUnit);
        else
            Change("INSERT OR REPLACE INTO reservations (logical_unit, content) VALUES ($1, $2)", logicalUnit, content);
    }

    /// <summary>Adds an event; the oldest go where there are more than <see cref="MaxEvents"/>.</summary>
    public EventRecord AddEvent(EventSeverity severity, string subject, string message)
    {
        lock (sync)
        {
            long now = Now;
            using SqliteTransaction transaction = connection.BeginTransaction();
            Run("INSERT INTO events (time, severity, subject, message) VALUES ($1, $2, $3, $4)", now, (long)severity, subject, message);
            long id = (long)SqliteFile.ReadScalar(connection, "SELECT last_insert_rowid()")!;
            Run("DELETE FROM events WHERE id <= $1", id - MaxEvents);
            Commit(transaction);
            return new(id, ToTime(now), severity, subject, message);
        }
    }

    /// <summary>The newest events older than one (long.MaxValue = from the newest on), newest first.</summary>
    public IReadOnlyList<EventRecord> ReadEvents(long beforeId, int maxCount) =>
        Read("SELECT id, time, severity, subject, message FROM events WHERE id < $1 ORDER BY id DESC LIMIT $2",
            row => new EventRecord(row.GetInt64(0), ToTime(row.GetInt64(1)), (EventSeverity)row.GetInt32(2), row.GetString(3), row.GetString(4)),
            beforeId, (long)maxCount);

    /// <summary>Closes the file.</summary>
    public void Dispose() => connection.Dispose();

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static DateTimeOffset ToTime(long unixTimeMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixTimeMs);

    private void Commit(SqliteTransaction transaction)
    {
        try
        {
            transaction.Commit();
        }
        catch (SqliteException failure)
        {
            throw SqliteErrors.Translate(path, failure);
        }
    }

    private void Change(string sql, params ReadOnlySpan<object?> values)
    {
        lock (sync)
            Run(sql, values);
    }

    private int Run(string sql, params ReadOnlySpan<object?> values)
    {
        try
        {
            using var statement = new SqliteStatement(connection, sql, values.Length);
            return statement.Run(values);
        }
        catch (SqliteException failure)
        {
            throw SqliteErrors.Translate(path, failure);
        }
    }

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> convert, params ReadOnlySpan<object?> values)
    {
        lock (sync)
        {
            try
            {
                using SqliteCommand command = connection.CreateCommand();
                command.CommandText = sql;
                for (int i = 0; i < values.Length; i++)
                    command.Parameters.AddWithValue($"${i + 1}", values[i]);
                using SqliteDataReader reader = command.ExecuteReader();
                var rows = new List<T>();
                while (reader.Read())
                    rows.Add(convert(reader));
                return rows;
            }
            catch (SqliteException failure)
            {
                throw SqliteErrors.Translate(path, failure);
            }
        }
    }
}

using Lunaria.WebUi.Contracts;
using Microsoft.Data.Sqlite;

namespace Lunaria.WebUi.Catalog;

/// <summary>Events in lunaria.db; the newest are kept. Any thread.</summary>
internal sealed class EventStore(CatalogDatabase database)
{
    /// <summary>Events kept; older ones go.</summary>
    public const int MaxEvents = 10_000;

    private const string Columns = "SELECT id, time, code, severity, subject, message FROM notices";

    /// <summary>Adds one; durable when the call returns.</summary>
    public EventView Add(DateTimeOffset time, string code, Severity severity, string subject, string message)
    {
        var id = database.Insert(
            "INSERT INTO notices (time, code, severity, subject, message) VALUES ($1, $2, $3, $4, $5)",
            time.ToUnixTimeMilliseconds(), code, (int)severity, subject, message);
        if (id % 100 == 0)
            database.Change("DELETE FROM notices WHERE id <= $1", id - MaxEvents);
        return new EventView(id, DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds()), code, severity, subject, message);
    }

    /// <summary>The newest events of at least a severity, older than one (long.MaxValue = from the newest on), newest first.</summary>
    public IReadOnlyList<EventView> Read(long beforeId, Severity least, int maxCount) =>
        database.Read($"{Columns} WHERE id < $1 AND severity >= $2 ORDER BY id DESC LIMIT $3", View, beforeId, (int)least, maxCount);

    /// <summary>The events of at least a severity that follow one, oldest first.</summary>
    public IReadOnlyList<EventView> ReadAfter(long afterId, Severity least, int maxCount) =>
        database.Read($"{Columns} WHERE id > $1 AND severity >= $2 ORDER BY id LIMIT $3", View, afterId, (int)least, maxCount);

    private static EventView View(SqliteDataReader row) => new(
        row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.GetString(2), (Severity)row.GetInt32(3), row.GetString(4), row.GetString(5));
}

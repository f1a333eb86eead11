using System.Text.Json;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Catalog;

/// <summary>Every change of the administration: who, what, before, after. The newest are kept. Any thread.</summary>
internal sealed class AuditStore(CatalogDatabase database, TimeProvider time)
{
    /// <summary>Entries kept; older ones go.</summary>
    public const int MaxEntries = 50_000;

    /// <summary>Adds one; durable when the call returns.</summary>
    public void Add(Actor actor, string action, string subject, object? before, object? after)
    {
        var id = database.Insert(
            "INSERT INTO audit (time, who, origin, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            time.GetUtcNow().ToUnixTimeMilliseconds(), actor.Name, actor.Origin, action, subject, Write(before), Write(after));
        if (id % 100 == 0)
            database.Change("DELETE FROM audit WHERE id <= $1", id - MaxEntries);
    }

    /// <summary>The newest entries older than one (long.MaxValue = from the newest on), newest first.</summary>
    public IReadOnlyList<AuditView> Read(long beforeId, int maxCount) => database.Read(
        "SELECT id, time, who, origin, action, subject, before, after FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
        row => new AuditView(
            row.GetInt64(0),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)),
            row.GetString(2),
            row.GetString(3),
            row.GetString(4),
            row.GetString(5),
            row.IsDBNull(6) ? null : Parse(row.GetString(6)),
            row.IsDBNull(7) ? null : Parse(row.GetString(7))),
        beforeId,
        maxCount);

    private static string? Write(object? value) => value == null ? null : JsonSerializer.Serialize(value, ApiJson.Default.Options.GetTypeInfo(value.GetType()));

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Catalog;

/// <summary>The space of the pool hour by hour, so that a restart does not forget how fast it fills. The newest are kept. Any thread.</summary>
internal sealed class CapacityStore(CatalogDatabase database)
{
    /// <summary>Hours kept: a month.</summary>
    public const int MaxEntries = 31 * 24;

    /// <summary>Adds one; durable when the call returns.</summary>
    public void Add(DateTimeOffset time, long totalBytes, long usedBytes)
    {
        database.Change("INSERT OR REPLACE INTO capacity (hour, total_bytes, used_bytes) VALUES ($1, $2, $3)", Hour(time), totalBytes, usedBytes);
        database.Change("DELETE FROM capacity WHERE hour <= $1", Hour(time) - MaxEntries);
    }

    /// <summary>All of them, the oldest first.</summary>
    public IReadOnlyList<CapacitySampleView> Read() => database.Read(
        "SELECT hour, total_bytes, used_bytes FROM capacity ORDER BY hour",
        row => new CapacitySampleView(DateTimeOffset.UnixEpoch.AddHours(row.GetInt64(0)), row.GetInt64(1), row.GetInt64(2)));

    /// <summary>Hours since 1970.</summary>
    public static long Hour(DateTimeOffset time) => (long)(time - DateTimeOffset.UnixEpoch).TotalHours;
}

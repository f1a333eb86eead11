using System.Text.Json;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Schedules;

namespace Lunaria.WebUi.Catalog;

/// <summary>Schedules in lunaria.db. Every change is durable when the call returns. Any thread.</summary>
internal sealed class ScheduleStore(CatalogDatabase database)
{
    /// <summary>All schedules, by name.</summary>
    public IReadOnlyList<ScheduleRecord> Read() => database.Read(
        "SELECT name, volumes, rhythm, at_minute, weekday, day, keep, paused, done, last_run FROM schedules ORDER BY name",
        row => new ScheduleRecord(
            row.GetString(0),
            [.. row.GetString(1).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Guid.Parse)],
            new Recurrence((Rhythm)row.GetInt32(2), TimeOnly.FromTimeSpan(TimeSpan.FromMinutes(row.GetInt32(3))), (DayOfWeek)row.GetInt32(4), row.GetInt32(5)),
            JsonSerializer.Deserialize(row.GetString(6), ApiJson.Default.KeepRules)!,
            row.GetBoolean(7),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(8)),
            row.IsDBNull(9) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(9))));

    /// <summary>Adds a schedule, or replaces the one of that name.</summary>
    public void Write(ScheduleRecord schedule) => database.Change(
        "INSERT OR REPLACE INTO schedules (name, volumes, rhythm, at_minute, weekday, day, keep, paused, done, last_run) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        schedule.Name,
        string.Join(',', schedule.Volumes),
        (int)schedule.Recurrence.Every,
        (int)schedule.Recurrence.At.ToTimeSpan().TotalMinutes,
        (int)schedule.Recurrence.Weekday,
        schedule.Recurrence.Day,
        JsonSerializer.Serialize(schedule.Keep, ApiJson.Default.KeepRules),
        schedule.Paused,
        schedule.Done.ToUnixTimeMilliseconds(),
        schedule.LastRun?.ToUnixTimeMilliseconds());

    /// <summary>Removes a schedule; its snapshots stay.</summary>
    public void Remove(string name) => database.Change("DELETE FROM schedules WHERE name = $1", name);
}

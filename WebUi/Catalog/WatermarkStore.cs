using System.Text.Json;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Catalog;

/// <summary>The watermarks in lunaria.db. Any thread.</summary>
internal sealed class WatermarkStore(CatalogDatabase database)
{
    /// <summary>What was said, or what counts where nothing was.</summary>
    public WatermarksView Read() =>
        database.Read("SELECT marks FROM watermarks", row => JsonSerializer.Deserialize(row.GetString(0), ApiJson.Default.WatermarksView)!) is [var said]
            ? said
            : new(new(Percent: 10), new(Percent: 2), new(Percent: 20), new(), null);

    /// <summary>Durable when the call returns.</summary>
    public void Write(WatermarksView marks) =>
        database.Change("INSERT OR REPLACE INTO watermarks (id, marks) VALUES (1, $1)", JsonSerializer.Serialize(marks, ApiJson.Default.WatermarksView));
}

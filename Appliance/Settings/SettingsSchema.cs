using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lunaria.Appliance.Settings;

/// <summary>Writes appliance.schema.json from <see cref="SettingsTable"/>. Stateless; any thread.</summary>
internal static class SettingsSchema
{
    // Readable: descriptions hold '<' and quotes, and the file is never put into a page.
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole text of the schema, ending with a line feed.</summary>
    public static string Write()
    {
        var schema = SettingsTable.Root.ToSchema();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "appliance.json: the settings of Lunaria");
        return schema.ToJsonString(Format).ReplaceLineEndings("\n") + "\n";
    }
}

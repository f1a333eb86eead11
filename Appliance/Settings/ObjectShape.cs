using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lunaria.Appliance.Settings;

/// <summary>
/// One key of an object. <paramref name="Default"/> is JSON text, read as if it stood in the file; null = the key is left out,
/// which is an error where it is <paramref name="Required"/>. <paramref name="Live"/>: a change takes effect at once, else at the next start.
/// </summary>
internal sealed record Setting(string Name, string Description, Shape Shape, string? Default = null, bool Required = false, bool Live = false);

/// <summary>An object with known keys; every other key is an error that names the nearest known one.</summary>
internal sealed class ObjectShape(IReadOnlyList<Setting> settings) : Shape
{
    /// <summary>The keys, in the order of the documentation.</summary>
    public IReadOnlyList<Setting> Settings { get; } = settings;

    /// <inheritdoc/>
    public override object? Read(JsonElement value, string path, SettingsErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.AddValue(path, value, "is not an object: write { ... }");
            return null;
        }

        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            var at = Join(path, property.Name);
            var setting = Settings.FirstOrDefault(known => known.Name == property.Name);
            if (setting == null)
                errors.Add(at, $"is not a known key{Suggest(property.Name)}");
            else if (!values.TryAdd(setting.Name, setting.Shape.Read(property.Value, at, errors)))
                errors.Add(at, "stands here twice; keep one");
        }

        foreach (var setting in Settings.Where(known => !values.ContainsKey(known.Name)))
            values[setting.Name] = ReadDefault(setting, Join(path, setting.Name), errors);
        return new SettingsNode(values);
    }

    /// <inheritdoc/>
    public override JsonObject ToSchema()
    {
        var properties = new JsonObject();
        foreach (var setting in Settings)
        {
            var schema = setting.Shape.ToSchema();
            schema.Insert(0, "description", $"{setting.Description} {setting.Shape.Allowed}".TrimEnd());
            if (setting.Default != null)
                schema["default"] = JsonNode.Parse(setting.Default);
            properties[setting.Name] = schema;
        }

        var required = Settings.Where(setting => setting.Required).Select(setting => JsonValue.Create(setting.Name)).ToArray();
        var result = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Length > 0)
            result["required"] = new JsonArray([.. required]);
        return result;
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static object? ReadDefault(Setting setting, string path, SettingsErrors errors)
    {
        if (setting.Default == null)
        {
            if (setting.Required)
                errors.Add(path, $"is missing. {setting.Description}");
            return null;
        }

        using var document = JsonDocument.Parse(setting.Default);
        return setting.Shape.Read(document.RootElement, path, errors);
    }

    private string Suggest(string name)
    {
        var nearest = Settings.MinBy(setting => EditDistance.Between(name, setting.Name))!.Name;
        return EditDistance.Between(name, nearest) <= Math.Max(2, nearest.Length / 3)
            ? $"; \"{nearest}\" is meant?"
            : $"; known are {string.Join(", ", Settings.Select(setting => setting.Name))}";
    }
}

/// <summary>What <see cref="ObjectShape"/> read: values by key, complete with defaults. Immutable.</summary>
internal sealed class SettingsNode(IReadOnlyDictionary<string, object?> values)
{
    /// <summary>The value of a key that has one.</summary>
    public T Get<T>(string name) => (T)values[name]!;

    /// <summary>The value of a key, or null where it is left out.</summary>
    public T? Find<T>(string name) where T : class => (T?)values[name];

    /// <summary>The values of a list.</summary>
    public IEnumerable<T> List<T>(string name) => ((List<object>)values[name]!).Cast<T>();
}

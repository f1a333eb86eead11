using System.Text.Json;
using System.Text.Json.Nodes;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Settings;

/// <summary>All settings with the values of this run, their defaults and meanings, for people; secrets show as ***. Stateless.</summary>
internal static class SettingsListing
{
    private const string Hidden = "***";

    /// <summary>The listing of a file that was read without errors, with what the command line says instead.</summary>
    public static IReadOnlyList<SettingView> Of(JsonElement file, SettingsOverrides overrides)
    {
        var values = new List<SettingView>();
        Add(values, SettingsTable.Root, "", file);
        if (overrides.DataDirectory is { } data)
            Replace(values, "dataDirectory", JsonValue.Create(data));
        if (overrides.Portals.Count > 0)
            Replace(values, "iscsi.portals", new JsonArray([.. overrides.Portals.Select(portal => JsonValue.Create(portal.ToString()))]));
        return values;
    }

    /// <summary>The setting of a key as it is listed; null where there is none.</summary>
    public static Setting? Find(string key)
    {
        var (shape, found) = (SettingsTable.Root, (Setting?)null);
        foreach (var name in key.Split('.'))
        {
            found = shape?.Settings.FirstOrDefault(setting => setting.Name == name && name != "$schema");
            shape = found?.Shape as ObjectShape;
        }

        return shape == null ? found : null;
    }

    private static void Add(List<SettingView> values, ObjectShape shape, string prefix, JsonElement? given)
    {
        foreach (var setting in shape.Settings.Where(setting => setting.Name != "$schema"))
        {
            JsonElement? value = given is { } parent && parent.TryGetProperty(setting.Name, out var found) ? found : null;
            var key = prefix + setting.Name;
            if (setting.Shape is ObjectShape group)
            {
                Add(values, group, key + ".", value);
                continue;
            }

            var fallback = setting.Default == null ? null : JsonNode.Parse(setting.Default);
            var shown = value is { } own ? Mask(setting.Shape, own) : fallback?.DeepClone();
            values.Add(new SettingView(key, ToElement(shown), ToElement(fallback), $"{setting.Description} {setting.Shape.Allowed}".TrimEnd(), setting.Live));
        }
    }

    private static JsonNode? Mask(Shape shape, JsonElement value)
    {
        switch (shape)
        {
            case TextShape { IsSecret: true }:
                return JsonValue.Create(Hidden);
            case ListShape list:
                return new JsonArray([.. value.EnumerateArray().Select(item => Mask(list.Item, item))]);
            case ObjectShape group:
                var masked = new JsonObject();
                foreach (var property in value.EnumerateObject())
                    masked[property.Name] = Mask(group.Settings.Single(setting => setting.Name == property.Name).Shape, property.Value);
                return masked;
            default:
                return JsonNode.Parse(value.GetRawText());
        }
    }

    private static void Replace(List<SettingView> values, string key, JsonNode value)
    {
        var index = values.FindIndex(setting => setting.Key == key);
        values[index] = values[index] with { Value = ToElement(value) };
    }

    private static JsonElement? ToElement(JsonNode? node)
    {
        if (node == null)
            return null;
        using var document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }
}

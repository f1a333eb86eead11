using System.Text.Json;
using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Tests.Settings;

[TestClass]
public sealed class SchemaTests
{
    [TestMethod]
    public void The_committed_schema_is_what_the_reader_says() =>
        Assert.AreEqual(
            SettingsSchema.Write(),
            File.ReadAllText(Path.Combine(Repository.Root, "appliance.schema.json")).ReplaceLineEndings("\n"),
            "run: dotnet run --project Appliance -- schema > appliance.schema.json");

    [TestMethod]
    public void Fewer_than_40_settings_each_described_and_in_the_readme()
    {
        using var schema = JsonDocument.Parse(SettingsSchema.Write());
        var leaves = Leaves(schema.RootElement, "").ToList();
        Assert.IsLessThan(40, leaves.Count(leaf => leaf.Path != "$schema" && !leaf.Path.StartsWith("bootstrap.", StringComparison.Ordinal)), "bootstrap says what to create");
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        foreach (var (path, node) in leaves)
        {
            Assert.IsGreaterThan(15, node.GetProperty("description").GetString()!.Length, path);
            StringAssert.Contains(readme, $"`{path}`", $"README.md does not mention {path}");
        }
    }

    private static IEnumerable<(string Path, JsonElement Node)> Leaves(JsonElement node, string path)
    {
        if (node.TryGetProperty("items", out var items) && items.TryGetProperty("properties", out _))
            return Leaves(items, $"{path}[]");
        return node.TryGetProperty("properties", out var properties)
            ? properties.EnumerateObject().SelectMany(property => Leaves(property.Value, path.Length == 0 ? property.Name : $"{path}.{property.Name}"))
            : [(path, node)];
    }
}

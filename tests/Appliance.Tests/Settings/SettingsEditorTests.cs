using System.Text;
using Lunaria.Appliance.Settings;

namespace Lunaria.Appliance.Tests.Settings;

/// <summary>Changes in the text of appliance.json: the value changes, and nothing else.</summary>
[TestClass]
public sealed class SettingsEditorTests
{
    private const string Text = """
        // The settings.
        {
          "schemaVersion": 1, /* one */
          "log": { "size": "4GiB" }, // flash
          "logging": {
            "level": "information"
          },
          "web": {}
        }
        """;

    [TestMethod]
    [DataRow("log.size", "\"8GiB\"", "\"log\": { \"size\": \"8GiB\" }, // flash")]
    [DataRow("logging.level", "\"error\"", "    \"level\": \"error\"\n  },")]
    [DataRow("log.directory", "\"/flash\"", "\"log\": { \"directory\": \"/flash\", \"size\": \"4GiB\" }, // flash")]
    [DataRow("logging.file", "\"x\"", "\"logging\": {\n    \"file\": \"x\",\n    \"level\": \"information\"\n  },")]
    [DataRow("web.listen", "\"off\"", "\"web\": { \"listen\": \"off\" }")]
    [DataRow("iscsi.portals", "[\"1.2.3.4:5\"]", "{\n  \"iscsi\": { \"portals\": [\"1.2.3.4:5\"] },\n  \"schemaVersion\": 1, /* one */")]
    [DataRow("logging.level", null, "  \"logging\": {\n  },")]
    [DataRow("log.size", null, "\"log\": { }, // flash")]
    [DataRow("map.memory", null, "/* one */")]
    public void One_value_changes(string key, string? value, string expected)
    {
        var text = Text.ReplaceLineEndings("\n");
        var changed = Encoding.UTF8.GetString(SettingsEditor.Set(Encoding.UTF8.GetBytes(text), key, value));
        StringAssert.Contains(changed, expected);
        var read = SettingsReader.Read(Encoding.UTF8.GetBytes(changed), "/etc/lunaria/appliance.json", SettingsOverrides.None);
        var others = read.Listing.Where(setting => setting.Key != key).Select(setting => $"{setting.Key} {setting.Value}");
        var before = SettingsReader.Read(Encoding.UTF8.GetBytes(text), "/etc/lunaria/appliance.json", SettingsOverrides.None).Listing.Where(setting => setting.Key != key);
        Assert.AreEqual(string.Join('\n', before.Select(setting => $"{setting.Key} {setting.Value}")), string.Join('\n', others));
        foreach (var comment in (string[])["// The settings.", "/* one */", "// flash"])
            StringAssert.Contains(changed, comment);
    }

    [TestMethod]
    public void Every_setting_can_be_set_to_its_default_and_taken_out_again()
    {
        var least = "{ \"schemaVersion\": 1 }"u8.ToArray();
        var text = least;
        var settings = SettingsReader.Read(least, "/a.json", SettingsOverrides.None).Listing
            .Where(setting => setting.Default != null && !setting.Key.StartsWith("backend.s3.", StringComparison.Ordinal) && !setting.Key.StartsWith("events.", StringComparison.Ordinal)).ToArray();
        foreach (var setting in settings)
            text = SettingsEditor.Set(text, setting.Key, setting.Default!.Value.GetRawText());
        Assert.IsEmpty(Differences(text, least));
        foreach (var setting in settings)
            text = SettingsEditor.Set(text, setting.Key, null);
        Assert.IsEmpty(Differences(text, least));
        Assert.DoesNotContain("portals", Encoding.UTF8.GetString(text));
    }

    private static string[] Differences(byte[] a, byte[] b) =>
    [
        .. SettingsReader.Read(a, "/a.json", SettingsOverrides.None).Listing.Zip(SettingsReader.Read(b, "/a.json", SettingsOverrides.None).Listing)
            .Where(pair => pair.First.Value?.GetRawText() != pair.Second.Value?.GetRawText()).Select(pair => pair.First.Key),
    ];
}

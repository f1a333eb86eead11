using System.Text.Json;
using Lunaria.Appliance.Settings;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Tests.Settings;

/// <summary>Settings changed while the appliance runs.</summary>
[TestClass]
public sealed class SettingsFileTests
{
    [TestMethod]
    public async Task A_dry_run_says_what_would_change_and_changes_nothing()
    {
        using var bed = new Bed();
        var changes = await bed.SetAsync(dryRun: true, ("logging.level", "\"error\""), ("map.memory", "\"64MiB\""), ("iscsi.maxConnections", "1024"));
        Assert.AreEqual("map.memory 256MiB -> 64MiB False, logging.level information -> error True", changes);
        Assert.AreEqual(Bed.Text, File.ReadAllText(bed.Path));
        Assert.IsEmpty(bed.Applied);
    }

    [TestMethod]
    public async Task What_is_live_is_applied_and_the_rest_waits_for_the_next_start()
    {
        using var bed = new Bed();
        await bed.SetAsync(dryRun: false, ("logging.level", "\"error\""), ("map.memory", "\"64MiB\""));
        Assert.AreEqual("error", bed.Applied.Single().Logging.Level);
        StringAssert.Contains(File.ReadAllText(bed.Path), "// mine");
        var shown = bed.File.List().ToDictionary(setting => setting.Key, setting => setting.Value?.GetRawText());
        Assert.AreEqual(("\"error\"", "\"256MiB\""), (shown["logging.level"], shown["map.memory"]));
        Assert.AreEqual(ByteSize.MiB(64), SettingsReader.ReadFile(bed.Path, SettingsOverrides.None).MapMemory);
        Assert.AreEqual("logging.level error -> information True", await bed.SetAsync(dryRun: false, ("logging.level", null)));
    }

    [TestMethod]
    [DataRow("logging.levle", "\"error\"", "There is no setting logging.levle")]
    [DataRow("logging", "{}", "There is no setting logging")]
    [DataRow("logging.level", "\"loud\"", "\"loud\" is not one of")]
    [DataRow("log.size", "\"100GiB\"", "needs a pool of at least")]
    [DataRow("dataDirectory", "\"x\"", "is not changed while the appliance runs")]
    public async Task What_is_wrong_is_refused_with_the_key_and_nothing_is_done(string key, string value, string message)
    {
        using var bed = new Bed();
        var refused = await Assert.ThrowsExactlyAsync<RefusedException>(() => bed.SetAsync(dryRun: false, ("map.memory", "\"64MiB\""), (key, value)));
        Assert.AreEqual((RefusalKind.Invalid, key), (refused.Kind, refused.Field));
        StringAssert.Contains(refused.Message, message);
        Assert.AreEqual(Bed.Text, File.ReadAllText(bed.Path));
        Assert.IsEmpty(bed.Applied);
    }

    [TestMethod]
    public async Task What_cannot_be_applied_is_not_written()
    {
        using var bed = new Bed();
        bed.Refusal = "the portal cannot be opened";
        await Assert.ThrowsExactlyAsync<RefusedException>(() => bed.SetAsync(dryRun: false, ("iscsi.portals", "[\"192.0.2.1:3260\"]")));
        Assert.AreEqual(Bed.Text, File.ReadAllText(bed.Path));
        Assert.AreEqual("[\"0.0.0.0:3260\"]", bed.File.List().Single(setting => setting.Key == "iscsi.portals").Value!.Value.GetRawText());
        bed.Refusal = null;
        await bed.SetAsync(dryRun: false, ("iscsi.portals", "[\"192.0.2.1:3260\"]"));
        Assert.AreEqual("[\"192.0.2.1:3260\"]", bed.File.List().Single(setting => setting.Key == "iscsi.portals").Value!.Value.GetRawText());
    }

    private sealed class Bed : IDisposable
    {
        public const string Text = "{ \"schemaVersion\": 1, // mine\n  \"logging\": { \"level\": \"information\" } }";

        private readonly TemporaryDirectory _directory = new();

        public Bed()
        {
            Path = _directory["appliance.json"];
            System.IO.File.WriteAllText(Path, Text);
            File = new SettingsFile(SettingsReader.ReadFile(Path, SettingsOverrides.None), Apply);
        }

        public string Path { get; }

        public SettingsFile File { get; }

        public List<ApplianceSettings> Applied { get; } = [];

        /// <summary>Not null: what is not to be applied says this.</summary>
        public string? Refusal { get; set; }

        public async Task<string> SetAsync(bool dryRun, params (string Key, string? Value)[] values) => string.Join(", ", (await File.SetAsync(new SetSettings
        {
            Values = values.ToDictionary(value => value.Key, value => value.Value == null ? (JsonElement?)null : JsonElement.Parse(value.Value)),
            DryRun = dryRun,
        })).Select(change => $"{change.Key} {change.Before} -> {change.After} {change.Live}"));

        public void Dispose() => _directory.Dispose();

        private Task Apply(ApplianceSettings settings)
        {
            if (Refusal != null)
                throw new RefusedException(RefusalKind.Invalid, Refusal);
            Applied.Add(settings);
            return Task.CompletedTask;
        }
    }
}

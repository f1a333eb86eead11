using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria settings ...</c> and <c>lunaria audit ...</c>.</summary>
internal static class SystemVerbs
{
    public static Command Settings(VerbFactory verbs) => VerbFactory.Noun(
        "settings",
        "Settings: appliance.json and the command line, as the appliance runs with them.",
        verbs.Create("show", "All settings with their values; secrets are not shown.", "settings show", call =>
            call.ShowAsync(HttpMethod.Get, "settings", ApiJson.Default.IReadOnlyListSettingView, settings =>
            {
                var table = new TextTable("SETTING", "VALUE", "DEFAULT");
                foreach (var setting in settings)
                    table.Add(setting.Key, Compact(setting.Value), Compact(setting.Default));
                table.Write(call.Output);
            })));

    public static Command Audit(VerbFactory verbs) => VerbFactory.Noun(
        "audit",
        "The audit log: who changed what.",
        verbs.Create("list", "The newest changes.", "audit list", call =>
            call.ShowAsync(HttpMethod.Get, "audit", ApiJson.Default.IReadOnlyListAuditView, entries =>
            {
                var table = new TextTable("TIME (UTC)", "WHO", "FROM", "ACTION", "SUBJECT");
                foreach (var entry in entries)
                    table.Add($"{entry.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}", entry.Who, entry.Origin, entry.Action, entry.Subject);
                table.Write(call.Output);
            })));

    private static string? Compact(JsonElement? value) => value is { } given ? JsonNode.Parse(given.GetRawText())!.ToJsonString() : null;
}

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
                var table = new TextTable("SETTING", "VALUE", "DEFAULT", "A CHANGE TAKES EFFECT");
                foreach (var setting in settings)
                    table.Add(setting.Key, Compact(setting.Value), Compact(setting.Default), When(setting.Live));
                table.Write(call.Output);
            })),
        Set(verbs));

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

    private static Command Set(VerbFactory verbs)
    {
        var values = new Argument<string[]>("KEY=VALUE") { Description = "A setting and its new value, as show writes them; KEY= is the default.", Arity = ArgumentArity.OneOrMore };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would change." };
        return verbs.Create(
            "set",
            "Change settings in appliance.json; what can takes effect at once.",
            "settings set logging.level=warning iscsi.pingInterval=30s",
            call => call.ShowAsync(
                HttpMethod.Patch,
                "settings",
                new SetSettings { Values = call.Get(values).Select(Parse).ToDictionary(StringComparer.Ordinal), DryRun = call.Get(dryRun) },
                ApiJson.Default.SetSettings,
                ApiJson.Default.IReadOnlyListSettingChangeView,
                changes =>
                {
                    var table = new TextTable("SETTING", "BEFORE", "AFTER", "TAKES EFFECT");
                    foreach (var change in changes)
                        table.Add(change.Key, Compact(change.Before), Compact(change.After), When(change.Live));
                    if (changes.Count == 0)
                        call.Output.WriteLine("nothing changes");
                    else
                        table.Write(call.Output);
                }),
            [values, dryRun]);
    }

    /// <summary>What is JSON is taken as such, all else as text: so a level or a size needs no quotes.</summary>
    private static KeyValuePair<string, JsonElement?> Parse(string pair)
    {
        var parts = pair.Split('=', 2);
        if (parts.Length != 2 || parts[0].Length == 0)
            throw new VerbException(ExitCode.WrongUsage, $"{pair} is no setting with a value: write KEY=VALUE, like logging.level=warning");
        if (parts[1].Length == 0)
            return new(parts[0], null);
        try
        {
            return new(parts[0], JsonElement.Parse(parts[1]));
        }
        catch (JsonException)
        {
            return new(parts[0], JsonSerializer.SerializeToElement(parts[1]));
        }
    }

    private static string When(bool live) => live ? "at once" : "at the next start";

    private static string? Compact(JsonElement? value) => value is { } given ? JsonNode.Parse(given.GetRawText())!.ToJsonString() : null;
}

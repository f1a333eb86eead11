using System.CommandLine;
using System.Text;
using System.Text.Json;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria event ...</c>.</summary>
internal static class EventVerbs
{
    private const string DataPrefix = "data: ";

    public static Command Create(VerbFactory verbs) => VerbFactory.Noun("event", "Events: what has happened to the appliance.", List(verbs), Watch(verbs));

    private static Command List(VerbFactory verbs)
    {
        var severity = new Option<string>("--severity") { Description = "The least: information, warning or error.", HelpName = "WORD", DefaultValueFactory = _ => "information" };
        severity.AcceptOnlyFromAmong("information", "warning", "error");
        return verbs.Create(
            "list",
            "The newest events.",
            "event list --severity warning",
            call => call.ShowAsync(HttpMethod.Get, $"events?severity={call.Get(severity)}", ApiJson.Default.IReadOnlyListEventView, events =>
            {
                var table = new TextTable("TIME (UTC)", "SEVERITY", "CODE", "SUBJECT", "MESSAGE");
                foreach (var happened in events)
                    table.Add(Time(happened), $"{happened.Severity}", happened.Code, happened.Subject, happened.Message);
                table.Write(call.Output);
            }),
            [severity]);
    }

    private static Command Watch(VerbFactory verbs)
    {
        var seconds = new Option<int?>("--seconds") { Description = "How long; until Ctrl-C where left out.", HelpName = "NUMBER" };
        return verbs.Create("watch", "Show events as they happen, a line each.", "event watch --seconds 2", call => WatchAsync(call, call.Get(seconds)), [seconds]);
    }

    private static async Task WatchAsync(VerbCall call, int? seconds)
    {
        using var end = new CancellationTokenSource(seconds is { } limit ? TimeSpan.FromSeconds(limit) : Timeout.InfiniteTimeSpan);
        try
        {
            var data = new StringBuilder();
            await foreach (var line in call.Api.ReadLinesAsync("events/stream").WithCancellation(end.Token))
            {
                if (line.StartsWith(DataPrefix, StringComparison.Ordinal))
                    data.AppendLine(line[DataPrefix.Length..]);
                if (line.Length > 0 || data.Length == 0)
                    continue;
                if (JsonSerializer.Deserialize(data.ToString(), ApiJson.Default.LiveView)!.Event is { } happened)
                    await call.Output.WriteLineAsync(call.IsJson ? JsonSerializer.Serialize(happened, ApiJson.Default.EventView) : $"{Time(happened)} {happened.Severity} {happened.Code} {happened.Message}");
                data.Clear();
            }

            throw new VerbException(ExitCode.Failed, "the appliance has ended the stream");
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // As long as was asked for.
        }
    }

    private static string Time(EventView happened) => $"{happened.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}";
}

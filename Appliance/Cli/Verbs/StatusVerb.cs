using System.CommandLine;
using Lunaria.WebUi;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria status</c>.</summary>
internal static class StatusVerb
{
    public static Command Create(VerbFactory verbs) => verbs.Create("status", "The appliance at a glance.", "status", call =>
        call.ShowAsync(HttpMethod.Get, "status", ApiJson.Default.StatusView, status => Show(status, call.Output)));

    private static void Show(StatusView status, TextWriter output)
    {
        output.WriteLine($"lunaria {status.Version} is {status.State}, up {Duration(TimeSpan.FromSeconds(status.UptimeSeconds))}");
        if (status.Engine is { } engine)
        {
            output.WriteLine($"engine    {engine.Health}{(engine.Cause == null ? "" : $": {engine.Cause}")}");
            output.WriteLine($"log       {VerbCall.Size(engine.LogUsedBytes)} of {VerbCall.Size(engine.LogCapacityBytes)} not destaged");
            output.WriteLine($"data      {VerbCall.Size(engine.MappedBytes)} mapped, {VerbCall.Size(engine.StoredBytes)} stored, {VerbCall.Size(status.PromisedBytes)} promised");
        }

        if (status.Pool is { } pool)
            output.WriteLine($"pool      {VerbCall.Space(pool.UsedBytes, pool.ReservedBytes, pool.FreeBytes, pool.TotalBytes)}");
        output.WriteLine($"serving   {Plural.Of(status.Volumes, "volume")}, {Plural.Of(status.Targets, "target")}, {Plural.Of(status.Sessions, "session")} on {string.Join(", ", status.Portals)}");
    }

    private static string Duration(TimeSpan up) => up switch
    {
        { TotalDays: >= 1 } => $"{up.Days} d {up.Hours} h",
        { TotalHours: >= 1 } => $"{up.Hours} h {up.Minutes} min",
        { TotalMinutes: >= 1 } => $"{up.Minutes} min {up.Seconds} s",
        _ => $"{up.Seconds} s",
    };
}

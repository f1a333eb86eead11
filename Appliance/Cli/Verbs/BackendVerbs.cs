using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria backend ...</c>.</summary>
internal static class BackendVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "backend",
        "The store behind the write log: a pool or a bucket.",
        verbs.Create("status", "What is not in the store yet, and what could be rebuilt from the store alone.", "backend status", call =>
            call.ShowAsync(HttpMethod.Get, "backend", ApiJson.Default.BackendView, view => Show(view, call.Output))),
        Flush(verbs));

    private static Command Flush(VerbFactory verbs)
    {
        var noWait = JobVerbs.NoWaitOption();
        return verbs.Create(
            "flush",
            "Bring everything written so far into the store, so that it can be rebuilt from there should this machine be lost.",
            "backend flush",
            call => JobVerbs.BeginAsync(call, HttpMethod.Post, "backend/flush", !call.Get(noWait), "flushed"),
            [noWait]);
    }

    private static void Show(BackendView view, TextWriter output)
    {
        output.WriteLine($"kind     {(view.Kind == BackendKind.S3 ? "bucket" : "pool")}");
        output.WriteLine($"health   {view.Health}{(view.Cause is { } cause ? $": {cause}" : "")}");
        output.WriteLine($"waiting  {VerbCall.Size(view.WaitingBytes)} of a log of {VerbCall.Size(view.LogBytes)}{(view.WaitingBytes > 0 ? $", the oldest for {view.OldestSeconds} s" : "")}");
        output.WriteLine($"pace     {VerbCall.Size(view.BytesPerSecond)} a second into the store{(view.SecondsToFull is { } seconds ? $"; the log is full in {seconds} s" : "")}");
        output.WriteLine(view.Catalog.SavedAt is { } at
            ? $"catalog  {at.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, log position {view.Catalog.Position}{(view.Catalog.Current ? ", nothing is newer" : "")}"
            : "catalog  none: nothing can be rebuilt from the store alone");
        if (view.Catalog.Cause is { } failure)
            output.WriteLine($"         it is not newer because: {failure}");
    }
}

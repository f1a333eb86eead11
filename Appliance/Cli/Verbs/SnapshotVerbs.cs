using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria snapshot ...</c>, <c>lunaria volume clone</c> and <c>lunaria volume rollback</c>.</summary>
internal static class SnapshotVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "snapshot",
        "Snapshots: what a volume was at a moment.",
        CreateSnapshot(verbs),
        List(verbs),
        ShowSnapshot(verbs),
        Diff(verbs),
        Delete(verbs));

    public static Command Clone(VerbFactory verbs)
    {
        var (volume, snapshot) = (Volume, Snapshot);
        var name = new Argument<string>("NEW-NAME") { Description = "The new volume's name." };
        return verbs.Create(
            "clone",
            "Make a new volume of a snapshot; they share the data.",
            "volume clone disk1 monday copy1",
            call => call.ShowAsync(
                HttpMethod.Post,
                $"{PathOf(call.Get(volume), call.Get(snapshot))}/clone",
                new CloneSnapshot { Name = call.Get(name) },
                ApiJson.Default.CloneSnapshot,
                ApiJson.Default.VolumeView,
                view => VolumeVerbs.Show([view], call.Output)),
            [volume, snapshot, name]);
    }

    public static Command RollBack(VerbFactory verbs)
    {
        var (volume, snapshot) = (Volume, Snapshot);
        var drop = new Option<bool>("--drop-younger") { Description = "Younger snapshots go; else they stay, and one can go back to them." };
        return verbs.Create(
            "rollback",
            "Make a volume what it was at a snapshot. No host may be logged in.",
            "volume rollback disk1 monday --yes",
            call =>
            {
                call.Confirm($"What was written to {call.Get(volume)} since {call.Get(snapshot)} is lost, unless a snapshot has it.");
                return call.ShowAsync(
                    HttpMethod.Post,
                    $"{PathOf(call.Get(volume), call.Get(snapshot))}/rollback",
                    new RollBack { DropYounger = call.Get(drop) },
                    ApiJson.Default.RollBack,
                    ApiJson.Default.VolumeView,
                    view => VolumeVerbs.Show([view], call.Output));
            },
            [volume, snapshot, drop],
            asks: true);
    }

    private static Argument<string> Volume => new("VOLUME") { Description = "The volume's name." };

    private static Argument<string> Snapshot => new("SNAPSHOT") { Description = "The snapshot's name." };

    private static Command CreateSnapshot(VerbFactory verbs)
    {
        var volume = Volume;
        var name = new Argument<string?>("NAME") { Description = "Its name; the time where left out.", Arity = ArgumentArity.ZeroOrOne };
        var sticky = new Option<bool>("--sticky") { Description = "Not deleted until that is taken back." };
        var consistent = new Option<bool>("--consistent") { Description = "The applications on the volume are at rest." };
        return verbs.Create(
            "create",
            "Take a snapshot while the volume is in use.",
            "snapshot create disk1 monday",
            call => call.ShowAsync(
                HttpMethod.Post,
                $"volumes/{VerbCall.Part(call.Get(volume))}/snapshots",
                new CreateSnapshot { Name = call.Get(name), Sticky = call.Get(sticky), Consistent = call.Get(consistent) },
                ApiJson.Default.CreateSnapshot,
                ApiJson.Default.SnapshotView,
                view => Show([view], call.Output)),
            [volume, name, sticky, consistent]);
    }

    private static Command List(VerbFactory verbs)
    {
        var volume = Volume;
        return verbs.Create(
            "list",
            "A volume's snapshots.",
            "snapshot list disk1",
            call => call.ShowAsync(
                HttpMethod.Get, $"volumes/{VerbCall.Part(call.Get(volume))}/snapshots", ApiJson.Default.IReadOnlyListSnapshotView, views => Show(views, call.Output)),
            [volume]);
    }

    private static Command ShowSnapshot(VerbFactory verbs)
    {
        var (volume, snapshot) = (Volume, Snapshot);
        return verbs.Create(
            "show",
            "One snapshot with its labels.",
            "snapshot show disk1 monday",
            call => call.ShowAsync(HttpMethod.Get, PathOf(call.Get(volume), call.Get(snapshot)), ApiJson.Default.SnapshotView, view =>
            {
                Show([view], call.Output);
                foreach (var (key, value) in view.Labels)
                    call.Output.WriteLine($"label     {key} = {value}");
            }),
            [volume, snapshot]);
    }

    private static Command Diff(VerbFactory verbs)
    {
        var (volume, older) = (Volume, Snapshot);
        var newer = new Argument<string>("NEWER") { Description = "A newer snapshot of the same volume." };
        return verbs.Create(
            "diff",
            "The ranges that differ between two snapshots of a volume.",
            "snapshot diff disk1 monday tuesday",
            call => call.ShowAsync(
                HttpMethod.Get,
                $"{PathOf(call.Get(volume), call.Get(older))}/changes/{VerbCall.Part(call.Get(newer))}",
                ApiJson.Default.IReadOnlyListChangedRangeView,
                ranges =>
                {
                    var table = new TextTable("OFFSET", "LENGTH", "NOW");
                    foreach (var range in ranges)
                        table.Add($"{range.OffsetBytes}", $"{range.LengthBytes}", range.IsMapped ? "data" : "zeros");
                    table.Write(call.Output, "OFFSET", "LENGTH");
                }),
            [volume, older, newer]);
    }

    private static Command Delete(VerbFactory verbs)
    {
        var (volume, snapshot) = (Volume, Snapshot);
        return verbs.Create(
            "delete",
            "Delete a snapshot; clones of it keep what they need.",
            "snapshot delete disk1 monday --yes",
            call =>
            {
                call.Confirm($"The snapshot {call.Get(snapshot)} of {call.Get(volume)} goes.");
                return call.DoAsync(HttpMethod.Delete, PathOf(call.Get(volume), call.Get(snapshot)), $"deleted {call.Get(snapshot)}");
            },
            [volume, snapshot],
            asks: true);
    }

    private static void Show(IEnumerable<SnapshotView> snapshots, TextWriter output)
    {
        var table = new TextTable("VOLUME", "SNAPSHOT", "TAKEN (UTC)", "SIZE", "KEPT", "NOT IN POOL", "CLONES");
        foreach (var snapshot in snapshots)
        {
            table.Add(
                snapshot.Volume, snapshot.Name, $"{snapshot.Created.UtcDateTime:yyyy-MM-dd HH:mm:ss}", VerbCall.Size(snapshot.SizeBytes), snapshot.Sticky ? "sticky" : null, Progress(snapshot), string.Join(", ", snapshot.Clones));
        }

        table.Write(output, "SIZE");
    }

    private static string? Progress(SnapshotView snapshot) =>
        snapshot.Destaging is { } left ? $"{VerbCall.Size(left.InLogBytes)}, {left.SecondsLeft} s left" : null;

    private static string PathOf(string volume, string snapshot) => $"volumes/{VerbCall.Part(volume)}/snapshots/{VerbCall.Part(snapshot)}";
}

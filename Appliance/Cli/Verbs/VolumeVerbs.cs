using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria volume ...</c>.</summary>
internal static class VolumeVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "volume",
        "Volumes: thin-provisioned disks.",
        CreateVolume(verbs),
        verbs.Create("list", "All volumes.", "volume list", call =>
            call.ShowAsync(HttpMethod.Get, "volumes", ApiJson.Default.IReadOnlyListVolumeView, volumes => Show(volumes, call.Output))),
        ShowVolume(verbs),
        Resize(verbs),
        Rename(verbs),
        VolumeLimitVerb.Create(verbs),
        Space(verbs),
        SnapshotVerbs.Clone(verbs),
        SnapshotVerbs.RollBack(verbs),
        TransferVerbs.Export(verbs),
        TransferVerbs.Import(verbs),
        Flatten(verbs),
        Promote(verbs),
        Template(verbs),
        IntegrityVerbs.Check(verbs),
        IntegrityVerbs.Recover(verbs),
        Delete(verbs));

    /// <summary>Volumes as a table.</summary>
    public static void Show(IEnumerable<VolumeView> volumes, TextWriter output)
    {
        var table = new TextTable("NAME", "SIZE", "MAPPED", "IN LOG", "HEALTH", "LUNS");
        foreach (var volume in volumes)
        {
            var luns = string.Join(", ", volume.Luns.Select(lun => $"{lun.Target}/{lun.Lun}"));
            table.Add(volume.Name, VerbCall.Size(volume.SizeBytes), VerbCall.Size(volume.MappedBytes), VerbCall.Size(volume.InLogBytes), volume.Health, luns);
        }

        table.Write(output, "SIZE", "MAPPED", "IN LOG");
    }

    private static Argument<string> Name => new("NAME") { Description = "The volume's name." };

    private static Command CreateVolume(VerbFactory verbs)
    {
        var name = Name;
        var size = VerbFactory.SizeOption("--size", "What it promises, up to 64TiB; only what is written takes space.", required: true);
        var block = new Option<string>("--block-size") { Description = "What hosts address by.", DefaultValueFactory = _ => "512B" };
        block.AcceptOnlyFromAmong("512B", "4KiB");
        var readOnly = new Option<bool>("--read-only") { Description = "Hosts can read only." };
        return verbs.Create(
            "create",
            "Create a volume. One that is there with the same size is fine.",
            "volume create disk1 --size 64GiB",
            call => call.ShowAsync(
                HttpMethod.Post,
                "volumes",
                new CreateVolume { Name = call.Get(name), SizeBytes = call.Get(size)!.Value, Unit = new UnitView(call.Get(block) == "4KiB" ? 4096 : 512, call.Get(readOnly), false, false) },
                ApiJson.Default.CreateVolume,
                ApiJson.Default.VolumeView,
                volume => Show([volume], call.Output)),
            [name, size, block, readOnly]);
    }

    private static Command ShowVolume(VerbFactory verbs)
    {
        var name = Name;
        return verbs.Create(
            "show",
            "One volume.",
            "volume show disk1",
            call => call.ShowAsync(HttpMethod.Get, $"volumes/{VerbCall.Part(call.Get(name))}", ApiJson.Default.VolumeView, volume => Show(volume, call.Output)),
            [name]);
    }

    private static Command Resize(VerbFactory verbs)
    {
        var name = Name;
        var size = VerbFactory.SizeOption("--size", "The new size.", required: true);
        var discard = new Option<bool>("--discard-tail") { Description = "A smaller size is meant: what lies behind it is lost. Only while no host is logged in." };
        return verbs.Create(
            "resize",
            "Change a volume's size. More is live: hosts that are logged in hear of it.",
            "volume resize disk1 --size 128GiB",
            call =>
            {
                if (call.Get(discard))
                    call.Confirm($"What {call.Get(name)} holds behind {VerbCall.Size(call.Get(size)!.Value)} is lost.");
                return EditAsync(call, call.Get(name), new EditVolume { SizeBytes = call.Get(size), DiscardTail = call.Get(discard) });
            },
            [name, size, discard],
            asks: true);
    }

    private static Command Rename(VerbFactory verbs)
    {
        var name = Name;
        var newName = new Argument<string>("NEW-NAME") { Description = "The new name. Hosts do not see it." };
        return verbs.Create(
            "rename",
            "Give a volume another name.",
            "volume rename disk1 disk2",
            call => EditAsync(call, call.Get(name), new EditVolume { Name = call.Get(newName) }),
            [name, newName]);
    }

    private static Command Flatten(VerbFactory verbs)
    {
        var name = Name;
        var noWait = JobVerbs.NoWaitOption();
        return verbs.Create(
            "flatten",
            "Make a clone independent of its origin, while both are in use.",
            "volume flatten copy1",
            call => JobVerbs.BeginAsync(call, HttpMethod.Post, $"volumes/{VerbCall.Part(call.Get(name))}/flatten", !call.Get(noWait), $"flattened {call.Get(name)}"),
            [name, noWait]);
    }

    private static Command Promote(VerbFactory verbs)
    {
        var name = Name;
        return verbs.Create(
            "promote",
            "Let a clone take its origin's place: the origin's snapshots up to the one it was made of become the clone's.",
            "volume promote copy1",
            call => call.ShowAsync(HttpMethod.Post, $"volumes/{VerbCall.Part(call.Get(name))}/promote", ApiJson.Default.VolumeView, volume => Show([volume], call.Output)),
            [name]);
    }

    private static Command Template(VerbFactory verbs)
    {
        var name = Name;
        var off = new Option<bool>("--off") { Description = "An ordinary volume again." };
        return verbs.Create(
            "template",
            "Make a volume a template: it takes no writes, cannot be deleted, and has a snapshot to clone. No host may be logged in.",
            "volume template golden",
            call => EditAsync(call, call.Get(name), new EditVolume { IsTemplate = !call.Get(off) }),
            [name, off]);
    }

    private static Command Space(VerbFactory verbs)
    {
        var name = Name;
        return verbs.Create(
            "space",
            "What a volume takes with its snapshots. It is counted block by block.",
            "volume space disk1",
            call => call.ShowAsync(HttpMethod.Get, $"volumes/{VerbCall.Part(call.Get(name))}/space", ApiJson.Default.VolumeSpaceView, space =>
            {
                call.Output.WriteLine($"shows     {VerbCall.Size(space.ShownBytes)} ({space.ShownBytes} bytes)");
                call.Output.WriteLine($"holds     {VerbCall.Size(space.OwnBytes)} ({space.OwnBytes} bytes) that no other volume does, snapshots included");
            }),
            [name]);
    }

    private static Command Delete(VerbFactory verbs)
    {
        var name = Name;
        var snapshots = new Option<bool>("--with-snapshots") { Description = "Its snapshots, too." };
        return verbs.Create(
            "delete",
            "Delete a volume that is not mapped, with all its data.",
            "volume delete disk1 --yes",
            call =>
            {
                call.Confirm($"{call.Get(name)} and all its data are lost.");
                return call.DoAsync(HttpMethod.Delete, $"volumes/{VerbCall.Part(call.Get(name))}?snapshots={(call.Get(snapshots) ? "true" : "false")}", $"deleted {call.Get(name)}");
            },
            [name, snapshots],
            asks: true);
    }

    private static Task EditAsync(VerbCall call, string name, EditVolume wanted) => call.ShowAsync(
        HttpMethod.Patch, $"volumes/{VerbCall.Part(name)}", wanted, ApiJson.Default.EditVolume, ApiJson.Default.VolumeView, volume => Show([volume], call.Output));

    private static void Show(VolumeView volume, TextWriter output)
    {
        output.WriteLine($"name      {volume.Name}");
        output.WriteLine($"uuid      {volume.Uuid}");
        output.WriteLine($"size      {VerbCall.Size(volume.SizeBytes)} ({volume.SizeBytes} bytes)");
        output.WriteLine($"mapped    {VerbCall.Size(volume.MappedBytes)} in the pool, {VerbCall.Size(volume.InLogBytes)} in the log");
        output.WriteLine($"hosts see {volume.Unit.BlockBytes}-byte blocks{(volume.Unit.ReadOnly ? ", read-only" : "")}{(volume.Unit.Removable ? ", removable" : "")}");
        if (volume.IsTemplate)
            output.WriteLine("template  takes no writes");
        if (volume.Origin is { } origin)
            output.WriteLine($"clone of  {origin.Volume} at {origin.Snapshot}");
        output.WriteLine($"health    {volume.Health}{(volume.Cause == null ? "" : $": {volume.Cause}")}");
        if (volume.Limits != new LimitsView())
            output.WriteLine($"limits    {VolumeLimitVerb.Describe(volume.Limits)}");
        foreach (var lun in volume.Luns)
            output.WriteLine($"lun       {lun.Lun} of {lun.Target}");
    }
}

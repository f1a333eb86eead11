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
        ShowVolume(verbs));

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

    private static void Show(IEnumerable<VolumeView> volumes, TextWriter output)
    {
        var table = new TextTable("NAME", "SIZE", "MAPPED", "IN LOG", "HEALTH", "LUNS");
        foreach (var volume in volumes)
        {
            var luns = string.Join(", ", volume.Luns.Select(lun => $"{lun.Target}/{lun.Lun}"));
            table.Add(volume.Name, VerbCall.Size(volume.SizeBytes), VerbCall.Size(volume.MappedBytes), VerbCall.Size(volume.InLogBytes), volume.Health, luns);
        }

        table.Write(output, "SIZE", "MAPPED", "IN LOG");
    }

    private static void Show(VolumeView volume, TextWriter output)
    {
        output.WriteLine($"name      {volume.Name}");
        output.WriteLine($"uuid      {volume.Uuid}");
        output.WriteLine($"size      {VerbCall.Size(volume.SizeBytes)} ({volume.SizeBytes} bytes)");
        output.WriteLine($"mapped    {VerbCall.Size(volume.MappedBytes)} in the pool, {VerbCall.Size(volume.InLogBytes)} in the log");
        output.WriteLine($"hosts see {volume.Unit.BlockBytes}-byte blocks{(volume.Unit.ReadOnly ? ", read-only" : "")}{(volume.Unit.Removable ? ", removable" : "")}");
        output.WriteLine($"health    {volume.Health}{(volume.Cause == null ? "" : $": {volume.Cause}")}");
        foreach (var lun in volume.Luns)
            output.WriteLine($"lun       {lun.Lun} of {lun.Target}");
    }
}

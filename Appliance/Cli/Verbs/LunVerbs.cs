using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria lun ...</c>.</summary>
internal static class LunVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "lun",
        "LUNs: which volume or snapshot a target shows under which number.",
        Map(verbs),
        Unmap(verbs),
        verbs.Create("list", "All LUNs of all targets.", "lun list", call =>
            call.ShowAsync(HttpMethod.Get, "luns", ApiJson.Default.IReadOnlyListLunView, luns => Show(luns, call.Output))));

    /// <summary>LUNs as a table.</summary>
    public static void Show(IEnumerable<LunView> luns, TextWriter output)
    {
        var table = new TextTable("TARGET", "LUN", "VOLUME", "SIZE");
        foreach (var lun in luns)
            table.Add(lun.Target, $"{lun.Lun}", lun.Volume, VerbCall.Size(lun.SizeBytes));
        table.Write(output, "LUN", "SIZE");
    }

    private static Command Map(VerbFactory verbs)
    {
        var target = TargetVerbs.Target;
        var volume = new Argument<string>("VOLUME") { Description = "The volume to show; VOLUME@SNAPSHOT shows a snapshot of it, read-only." };
        var lun = new Option<int?>("--lun") { Description = "0 to 255; the first free one where left out.", HelpName = "NUMBER" };
        return verbs.Create(
            "map",
            "Show a volume to the hosts of a target, also while they are logged in.",
            $"lun map {TargetVerbs.Iqn} disk1 --lun 0",
            call => call.ShowAsync(
                HttpMethod.Post,
                $"targets/{VerbCall.Part(call.Get(target))}/luns",
                new MapLun { Volume = call.Get(volume), Lun = call.Get(lun) },
                ApiJson.Default.MapLun,
                ApiJson.Default.LunView,
                view => Show([view], call.Output)),
            [target, volume, lun]);
    }

    private static Command Unmap(VerbFactory verbs)
    {
        var target = TargetVerbs.Target;
        var lun = new Argument<int>("LUN") { Description = "Its number." };
        return verbs.Create(
            "unmap",
            "Take a LUN away from the hosts of a target; the volume stays.",
            $"lun unmap {TargetVerbs.Iqn} 0 --yes",
            call =>
            {
                call.Confirm($"Hosts of {call.Get(target)} lose LUN {call.Get(lun)}.");
                return call.DoAsync(HttpMethod.Delete, $"targets/{VerbCall.Part(call.Get(target))}/luns/{call.Get(lun)}", $"unmapped LUN {call.Get(lun)} of {call.Get(target)}");
            },
            [target, lun],
            asks: true);
    }
}

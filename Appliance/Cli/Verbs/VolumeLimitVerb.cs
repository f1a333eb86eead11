using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria volume limit</c>.</summary>
internal static class VolumeLimitVerb
{
    public static Command Create(VerbFactory verbs)
    {
        var name = new Argument<string>("NAME") { Description = "The volume's name." };
        var iops = Number("--iops", "Reads, writes and unmaps a second.");
        var burst = Number("--burst", "How many of them may come at once after a pause; those of a second where left out.");
        var bandwidth = VerbFactory.SizeOption("--bandwidth", "Bytes a second.");
        var burstSize = VerbFactory.SizeOption("--burst-size", "Bytes that may come at once after a pause; those of a second where left out.");
        var floor = Number("--floor", "So many writes a second are not slowed when other volumes fill the log.");
        var dirty = VerbFactory.SizeOption("--dirty", "What the log may hold of it that the pool or bucket does not have yet; at least 16MiB.");
        return verbs.Create(
            "limit",
            "Limit what a volume may do, live. What is not named is not limited any more.",
            "volume limit disk1 --iops 2000 --bandwidth 100MiB --burst 6000",
            call => call.ShowAsync(
                HttpMethod.Put,
                $"volumes/{VerbCall.Part(call.Get(name))}/limits",
                new LimitsView(call.Get(iops), call.Get(burst), call.Get(bandwidth), call.Get(burstSize), call.Get(floor), call.Get(dirty)),
                ApiJson.Default.LimitsView,
                ApiJson.Default.VolumeView,
                volume => call.Output.WriteLine($"{volume.Name}: {Describe(volume.Limits)}")),
            [name, iops, burst, bandwidth, burstSize, floor, dirty]);
    }

    /// <summary>Limits for people.</summary>
    public static string Describe(LimitsView limits)
    {
        List<string> parts = [];
        if (limits.OperationsPerSecond is { } operations)
            parts.Add($"{operations} IOPS{(limits.BurstOperations is { } burst ? $" ({burst} at once)" : "")}");
        if (limits.BytesPerSecond is { } bytes)
            parts.Add($"{VerbCall.Size(bytes)}/s{(limits.BurstBytes is { } burst ? $" ({VerbCall.Size(burst)} at once)" : "")}");
        if (limits.FloorOperationsPerSecond is { } floor)
            parts.Add($"floor {floor} IOPS");
        if (limits.DirtyBytes is { } dirty)
            parts.Add($"{VerbCall.Size(dirty)} in the log");
        return parts.Count == 0 ? "unlimited" : string.Join(", ", parts);
    }

    private static Option<long?> Number(string name, string description) => new(name) { Description = description, HelpName = "NUMBER" };
}

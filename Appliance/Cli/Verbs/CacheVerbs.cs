using System.CommandLine;
using Lunaria.Volumes.Cache;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria cache ...</c>.</summary>
internal static class CacheVerbs
{
    private static readonly (string Word, CacheBehaviour Behaviour)[] Behaviours =
        [("read", CacheBehaviour.OnRead), ("write", CacheBehaviour.OnWrite), ("never", CacheBehaviour.None)];

    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "cache",
        "The read cache on flash.",
        verbs.Create("status", "Devices, and each volume's part with its hit rate.", "cache status", call =>
            call.ShowAsync(HttpMethod.Get, "cache", ApiJson.Default.CacheView, cache => Show(cache, call.Output))),
        Add(verbs),
        Remove(verbs),
        Mode(verbs),
        Limit(verbs));

    private static Argument<string> Device => new("PATH") { Description = "The file or block device: an absolute path on the appliance, or one below its data directory." };

    private static Argument<string> Volume => new("VOLUME") { Description = "The volume's name." };

    private static Command Add(VerbFactory verbs)
    {
        var path = Device;
        var size = VerbFactory.SizeOption("--size", "How much of it is used.", required: true);
        return verbs.Create(
            "add",
            "Add a file or block device to the cache, while it is used.",
            "cache add cache/flash.lcache --size 16MiB",
            call => call.ShowAsync(
                HttpMethod.Post,
                "cache/devices",
                new AddCacheDevice { Path = call.Get(path), SizeBytes = call.Get(size)!.Value },
                ApiJson.Default.AddCacheDevice,
                ApiJson.Default.CacheView,
                cache => Show(cache, call.Output)),
            [path, size]);
    }

    private static Command Remove(VerbFactory verbs)
    {
        var path = Device;
        return verbs.Create(
            "remove",
            "Take a device out of the cache, while it is used.",
            "cache remove cache/flash.lcache",
            call => call.ShowAsync(
                HttpMethod.Delete, $"cache/devices?path={VerbCall.Part(call.Get(path))}", ApiJson.Default.CacheView, cache => Show(cache, call.Output)),
            [path]);
    }

    private static Command Mode(VerbFactory verbs)
    {
        var volume = Volume;
        var by = new Option<string?>("--by") { Description = "location: clones share what they have in common; content: equal blocks are there once." };
        by.AcceptOnlyFromAmong("location", "content");
        var when = new Option<string?>("--when") { Description = "read: what is read goes in; write: what is written, too; never: nothing." };
        when.AcceptOnlyFromAmong([.. Behaviours.Select(row => row.Word)]);
        return verbs.Create(
            "mode",
            "Say when and by what a volume's blocks are cached; at once.",
            "cache mode disk1 --by content --when write",
            call => EditAsync(call, call.Get(volume), new EditVolumeCache
            {
                By = call.Get(by) switch { null => null, "content" => CacheMode.Content, _ => CacheMode.Location },
                When = call.Get(when) is { } word ? Behaviours.First(row => row.Word == word).Behaviour : null,
            }),
            [volume, by, when]);
    }

    private static Command Limit(VerbFactory verbs)
    {
        var volume = Volume;
        var limit = VerbFactory.SizeOption("--limit", "Most that the volume has of the cache; 0B: no limit.");
        var reserve = VerbFactory.SizeOption("--reserve", "What other volumes do not take from it; 0B: nothing.");
        return verbs.Create(
            "limit",
            "Limit a volume's part of the cache, or reserve some for it; at once.",
            "cache limit disk1 --limit 8MiB",
            call => EditAsync(call, call.Get(volume), new EditVolumeCache { LimitBytes = call.Get(limit), ReserveBytes = call.Get(reserve) }),
            [volume, limit, reserve]);
    }

    private static Task EditAsync(VerbCall call, string volume, EditVolumeCache wanted) => call.ShowAsync(
        HttpMethod.Patch, $"cache/volumes/{VerbCall.Part(volume)}", wanted, ApiJson.Default.EditVolumeCache, ApiJson.Default.VolumeCacheView, part => Show([part], call.Output));

    private static void Show(CacheView cache, TextWriter output)
    {
        output.WriteLine($"used      {VerbCall.Size(cache.UsedBytes)} of {VerbCall.Size(cache.CapacityBytes)}, {cache.Windows} windows{(cache.Loaded ? "" : "; still looking what is on the devices")}");
        output.WriteLine($"hit rate  {cache.HitRate:P1}: {VerbCall.Size(cache.HitBytes)} from the cache, {VerbCall.Size(cache.MissBytes)} from the store");
        output.WriteLine($"evicted   {cache.Evictions} windows; {cache.DroppedSlots} dropped as damaged, {cache.SkippedWindows} not taken in");
        output.WriteLine($"memory    {VerbCall.Size(cache.IndexMemoryBytes)} index, {VerbCall.Size(cache.MemoryBytes)} read last");
        output.WriteLine();
        var devices = new TextTable("DEVICE", "SIZE", "USED", "STATE");
        foreach (var device in cache.Devices)
            devices.Add(device.Path, VerbCall.Size(device.SizeBytes), VerbCall.Size(device.UsedBytes), device.Failure == null ? "in use" : $"failed: {device.Failure}");
        devices.Write(output, "SIZE", "USED");
        output.WriteLine();
        Show(cache.Volumes, output);
    }

    private static void Show(IEnumerable<VolumeCacheView> volumes, TextWriter output)
    {
        var table = new TextTable("VOLUME", "WHEN", "BY", "LIMIT", "RESERVE", "USED", "HIT RATE", "EVICTED");
        foreach (var volume in volumes)
            table.Add(
                volume.Volume,
                Behaviours.First(row => row.Behaviour == volume.When).Word,
                volume.By == CacheMode.Content ? "content" : "location",
                volume.LimitBytes == 0 ? "-" : VerbCall.Size(volume.LimitBytes),
                volume.ReserveBytes == 0 ? "-" : VerbCall.Size(volume.ReserveBytes),
                VerbCall.Size(volume.UsedBytes),
                $"{volume.HitRate:P1}",
                $"{volume.Evictions}");
        table.Write(output, "LIMIT", "RESERVE", "USED", "HIT RATE", "EVICTED");
    }
}

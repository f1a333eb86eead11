using Lunaria.Volumes;
using Lunaria.Volumes.Cache;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>The read cache as administrators see it. Any thread.</summary>
public sealed class CacheService
{
    private const string CacheSubject = "cache";
    private const int MaxPathLength = 255;
    private readonly VolumeManager _volumes;
    private readonly VolumeService _named;
    private readonly ChangeRecorder _changes;

    internal CacheService(VolumeManager volumes, VolumeService named, ChangeRecorder changes) => (_volumes, _named, _changes) = (volumes, named, changes);

    /// <summary>All of it.</summary>
    public CacheView Show()
    {
        var status = _volumes.Cache.GetStatus();
        var parts = status.Volumes.ToDictionary(part => part.Volume);
        return new CacheView(
            status.IsLoaded,
            status.CapacityBytes,
            status.UsedBytes,
            Rate(status.HitBytes, status.MissBytes),
            status.HitBytes,
            status.MissBytes,
            status.Evictions,
            status.Windows,
            status.ContentBlocks,
            status.DroppedSlots,
            status.SkippedWindows,
            status.IndexMemoryBytes,
            status.MemoryBytes,
            [.. status.Devices.Select(device => new CacheDeviceView(device.Path, device.SizeBytes, device.UsedBytes, device.Failure))],
            [.. _volumes.Volumes.Where(volume => parts.ContainsKey(volume.Uuid)).Select(volume => View(volume, parts[volume.Uuid]))]);
    }

    /// <summary>Adds a device, also for later starts.</summary>
    public Task<CacheView> AddAsync(Actor actor, AddCacheDevice wanted) => _changes.RunAsync(actor, "cache.add", CacheSubject, async change =>
    {
        if (wanted.Path.Length > MaxPathLength || wanted.Path.Any(char.IsControl))
            throw new RefusedException(RefusalKind.Invalid, $"path: at most {MaxPathLength} characters, none of them control characters.", "path");
        await RunAsync(() => _volumes.Cache.AddDeviceAsync(wanted.Path, wanted.SizeBytes));
        change.After = wanted;
        return Show();
    });

    /// <summary>Takes a device out; reads go on without it.</summary>
    public Task<CacheView> RemoveAsync(Actor actor, string path) => _changes.RunAsync(actor, "cache.remove", CacheSubject, async change =>
    {
        var before = Show().Devices;
        await RunAsync(() => _volumes.Cache.RemoveDeviceAsync(path));
        var after = Show();
        change.Begin(before.First(device => after.Devices.All(other => other.Path != device.Path)));
        return after;
    });

    /// <summary>Changes a volume's part, at once.</summary>
    public Task<VolumeCacheView> EditAsync(Actor actor, string name, EditVolumeCache wanted) =>
        _changes.RunAsync(actor, "cache.edit", VolumeService.Subject(_named.Get(name).Name), async change =>
        {
            var volume = _named.Get(name);
            var before = _volumes.Cache.PolicyOf(volume);
            var after = new CachePolicy(wanted.When ?? before.Behaviour, wanted.By ?? before.Mode, wanted.LimitBytes ?? before.LimitBytes, wanted.ReserveBytes ?? before.ReserveBytes);
            change.Begin(EditOf(before));
            await RunAsync(() => _volumes.Cache.SetPolicyAsync(volume, after));
            change.After = EditOf(after);
            return View(volume, _volumes.Cache.GetStatus().Volumes.First(part => part.Volume == volume.Uuid));
        });

    private static EditVolumeCache EditOf(CachePolicy policy) =>
        new() { When = policy.Behaviour, By = policy.Mode, LimitBytes = policy.LimitBytes, ReserveBytes = policy.ReserveBytes };

    private static async Task RunAsync(Func<ValueTask> call)
    {
        try
        {
            await EngineCalls.RunAsync(call);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new RefusedException(RefusalKind.Invalid, e.Message, "path");
        }
    }

    private static double Rate(long hits, long misses) => hits + misses == 0 ? 0 : Math.Round((double)hits / (hits + misses), 4);

    private static VolumeCacheView View(Volume volume, VolumeCacheStatus part) => new(
        volume.Name, part.Policy.Behaviour, part.Policy.Mode, part.Policy.LimitBytes, part.Policy.ReserveBytes, part.UsedBytes, Rate(part.HitBytes, part.MissBytes), part.HitBytes,
        part.MissBytes, part.Evictions);
}

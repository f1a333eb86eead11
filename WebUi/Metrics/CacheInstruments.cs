using System.Diagnostics.Metrics;
using Lunaria.Volumes;
using Lunaria.Volumes.Cache;

namespace Lunaria.WebUi.Metrics;

/// <summary>The instruments of the read cache, observed when somebody asks. Stateless.</summary>
internal static class CacheInstruments
{
    /// <summary>Adds them to a meter.</summary>
    public static void AddTo(Meter meter, VolumeManager volumes)
    {
        meter.CreateObservableGauge("lunaria_cache_size_bytes", () => volumes.Cache.GetStatus().CapacityBytes, "By", "Slots of the read cache's devices.");
        meter.CreateObservableCounter("lunaria_cache_dropped_total", () => volumes.Cache.GetStatus().DroppedSlots, null, "Entries of the read cache given up because they were damaged.");
        meter.CreateObservableGauge("lunaria_cache_used_bytes", () => Parts(volumes, part => part.UsedBytes), "By", "Of the read cache, by the volume that it is charged to.");
        Count("lunaria_cache_hit_bytes_total", "By", "Bytes of segments that came from the read cache.", part => part.HitBytes);
        Count("lunaria_cache_miss_bytes_total", "By", "Bytes of segments that came from the store.", part => part.MissBytes);
        Count("lunaria_cache_evictions_total", null, "Windows that left the read cache for others.", part => part.Evictions);

        void Count(string name, string? unit, string description, Func<VolumeCacheStatus, long> value) =>
            meter.CreateObservableCounter(name, () => Parts(volumes, value), unit, description);
    }

    private static IEnumerable<Measurement<long>> Parts(VolumeManager volumes, Func<VolumeCacheStatus, long> value)
    {
        var parts = volumes.Cache.GetStatus().Volumes.ToDictionary(part => part.Volume);
        return volumes.Volumes.Where(volume => parts.ContainsKey(volume.Uuid))
            .Select(volume => new Measurement<long>(value(parts[volume.Uuid]), new KeyValuePair<string, object?>("volume", volume.Name)));
    }
}

using Lunaria.Volumes;
using Lunaria.WebUi.Administration;

namespace Lunaria.WebUi.Live;

/// <summary>
/// What all hosts together have read and written so far, how long their commands took in all, and what the read cache answered. Units that are no longer mapped leave the sums, so a sum
/// can shrink.
/// </summary>
internal readonly record struct LoadCounters(long Reads, long Writes, long BytesRead, long BytesWritten, double ReadSeconds, double WriteSeconds, long CacheHitBytes, long CacheMissBytes)
{
    /// <summary>The sums of this moment.</summary>
    public static LoadCounters Read(VolumeManager volumes, UnitTable units)
    {
        var cache = volumes.Cache.GetStatus();
        var sum = default(LoadCounters) with { CacheHitBytes = cache.HitBytes, CacheMissBytes = cache.MissBytes };
        foreach (var volume in volumes.Volumes)
        {
            if (units.Find(volume.Uuid)?.GetTransfers() is not { } unit)
                continue;
            sum = sum with
            {
                Reads = sum.Reads + unit.Reads,
                Writes = sum.Writes + unit.Writes,
                BytesRead = sum.BytesRead + unit.BytesRead,
                BytesWritten = sum.BytesWritten + unit.BytesWritten,
                ReadSeconds = sum.ReadSeconds + unit.ReadLatency.SumSeconds,
                WriteSeconds = sum.WriteSeconds + unit.WriteLatency.SumSeconds,
            };
        }

        return sum;
    }
}

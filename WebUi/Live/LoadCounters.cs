using Lunaria.Volumes;
using Lunaria.WebUi.Administration;

namespace Lunaria.WebUi.Live;

/// <summary>
/// What all hosts together have read and written so far, and how long their commands took in all. Units that are no longer mapped leave the sums, so a sum
/// can shrink.
/// </summary>
internal readonly record struct LoadCounters(long Reads, long Writes, long BytesRead, long BytesWritten, double ReadSeconds, double WriteSeconds)
{
    /// <summary>The sums of this moment.</summary>
    public static LoadCounters Read(VolumeManager volumes, UnitTable units)
    {
        var sum = default(LoadCounters);
        foreach (var volume in volumes.Volumes)
        {
            if (units.Find(volume.Uuid)?.GetTransfers() is not { } unit)
                continue;
            sum = new LoadCounters(
                sum.Reads + unit.Reads,
                sum.Writes + unit.Writes,
                sum.BytesRead + unit.BytesRead,
                sum.BytesWritten + unit.BytesWritten,
                sum.ReadSeconds + unit.ReadLatency.SumSeconds,
                sum.WriteSeconds + unit.WriteLatency.SumSeconds);
        }

        return sum;
    }
}

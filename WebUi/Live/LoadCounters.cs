using Lunaria.Volumes;
using Lunaria.WebUi.Administration;

namespace Lunaria.WebUi.Live;

/// <summary>What all hosts together have read and written so far. Units that are no longer mapped leave the sums, so a sum can shrink.</summary>
internal readonly record struct LoadCounters(long Reads, long Writes, long BytesRead, long BytesWritten)
{
    /// <summary>The sums of this moment.</summary>
    public static LoadCounters Read(VolumeManager volumes, UnitTable units)
    {
        var sum = default(LoadCounters);
        foreach (var volume in volumes.Volumes)
        {
            if (units.Find(volume.Uuid) is not { } unit)
                continue;
            var (reads, writes, bytesRead, bytesWritten) = unit.GetTransfers();
            sum = new LoadCounters(sum.Reads + reads, sum.Writes + writes, sum.BytesRead + bytesRead, sum.BytesWritten + bytesWritten);
        }

        return sum;
    }
}

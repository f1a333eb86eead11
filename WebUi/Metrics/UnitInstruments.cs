using System.Diagnostics.Metrics;
using System.Globalization;
using Lunaria.Iscsi;
using Lunaria.Volumes;
using Lunaria.WebUi.Administration;

namespace Lunaria.WebUi.Metrics;

/// <summary>What hosts do to the volumes, and how long it takes. Stateless.</summary>
internal static class UnitInstruments
{
    private static readonly string[] Bounds =
        [.. LatencyHistogram.BoundsSeconds.Select(bound => bound.ToString("R", CultureInfo.InvariantCulture)), "+Inf"];

    /// <summary>Makes the instruments over the parts, which must stay open as long as the meter is read.</summary>
    public static void Create(Meter meter, VolumeManager volumes, ApplianceServices services)
    {
        Count("reads_total", null, "READ commands of hosts.", transfers => transfers.Reads);
        Count("writes_total", null, "WRITE commands of hosts.", transfers => transfers.Writes);
        Count("read_bytes_total", "By", "Bytes that hosts have read.", transfers => transfers.BytesRead);
        Count("written_bytes_total", "By", "Bytes that hosts have written.", transfers => transfers.BytesWritten);
        Time("read_duration_seconds", "Time of READ commands, without the network.", transfers => transfers.ReadLatency);
        Time("write_duration_seconds", "Time of WRITE commands, without the network.", transfers => transfers.WriteLatency);

        void Count(string name, string? unit, string description, Func<UnitTransfers, long> value) => meter.CreateObservableCounter(
            $"lunaria_volume_{name}", () => Each(volumes, services).Select(row => new Measurement<long>(value(row.Transfers), Volume(row.Name))), unit, description);

        // Observed histograms do not exist, so these are the counters of which Prometheus makes one.
        void Time(string name, string description, Func<UnitTransfers, LatencyHistogram> histogram)
        {
            meter.CreateObservableCounter(
                $"lunaria_volume_{name}_bucket", () => Each(volumes, services).SelectMany(row => Steps(row.Name, histogram(row.Transfers))), "s", description);
            meter.CreateObservableCounter(
                $"lunaria_volume_{name}_sum", () => Each(volumes, services).Select(row => new Measurement<double>(histogram(row.Transfers).SumSeconds, Volume(row.Name))), "s", description);
            meter.CreateObservableCounter(
                $"lunaria_volume_{name}_count", () => Each(volumes, services).Select(row => new Measurement<long>(histogram(row.Transfers).Counts.Sum(), Volume(row.Name))), null, description);
        }
    }

    private static IEnumerable<(string Name, UnitTransfers Transfers)> Each(VolumeManager volumes, ApplianceServices services) =>
        volumes.Volumes.Select(volume => (volume.Name, Unit: services.Units.Find(volume.Uuid))).Where(row => row.Unit != null).Select(row => (row.Name, row.Unit!.GetTransfers()));

    private static IEnumerable<Measurement<long>> Steps(string volume, LatencyHistogram histogram)
    {
        var below = 0L;
        for (var i = 0; i < Bounds.Length; i++)
            yield return new Measurement<long>(below += histogram.Counts[i], Volume(volume), new("le", Bounds[i]));
    }

    private static KeyValuePair<string, object?> Volume(string name) => new("volume", name);
}

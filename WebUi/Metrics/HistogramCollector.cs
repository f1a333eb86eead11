using System.Diagnostics.Metrics;
using Lunaria.Iscsi;

namespace Lunaria.WebUi.Metrics;

/// <summary>
/// Counts what the histograms of a meter record, since somebody must from the start on; the steps are those of <see cref="LatencyHistogram"/>.
/// Owned by the run. Any thread records, any thread reads.
/// </summary>
internal sealed class HistogramCollector : IDisposable
{
    private readonly MeterListener _listener;
    private readonly Lock _sync = new();
    private readonly Dictionary<(Instrument Instrument, string Label), Series> _series = [];

    /// <summary>Listens to a meter's histograms, those that it will have too.</summary>
    public HistogramCollector(Meter meter)
    {
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter && instrument is Histogram<double>)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<double>(Record);
        _listener.Start();
    }

    /// <summary>A copy of all series: at most one label each.</summary>
    public IReadOnlyList<(Instrument Instrument, KeyValuePair<string, object?>? Label, long[] Counts, double Sum)> Read()
    {
        lock (_sync)
            return [.. _series.Select(entry => (entry.Key.Instrument, entry.Value.Label, (long[])entry.Value.Counts.Clone(), entry.Value.Sum))];
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var label = tags.Length == 0 ? "" : tags[0].Value as string ?? "";
        var bounds = LatencyHistogram.BoundsSeconds;
        var step = 0;
        while (step < bounds.Count && seconds > bounds[step])
            step++;
        lock (_sync)
        {
            if (!_series.TryGetValue((instrument, label), out var series))
                _series.Add((instrument, label), series = new Series(tags.Length == 0 ? null : tags[0], bounds.Count + 1));
            series.Counts[step]++;
            series.Sum += seconds;
        }
    }

    private sealed class Series(KeyValuePair<string, object?>? label, int steps)
    {
        public KeyValuePair<string, object?>? Label => label;

        public long[] Counts { get; } = new long[steps];

        public double Sum { get; set; }
    }
}

using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Lunaria.Iscsi;

namespace Lunaria.WebUi.Metrics;

/// <summary>
/// The instruments of a meter in the text format of Prometheus, version 0.0.4. Each call observes them anew. Stateless; any thread.
/// </summary>
internal static class PrometheusText
{
    /// <summary>The format's content type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The endings under which the samples of one histogram stand, in their order.</summary>
    private static readonly string[] HistogramParts = ["_bucket", "_sum", "_count"];

    /// <summary>All samples of all instruments.</summary>
    public static string Write(MeasuredAppliance measured)
    {
        var families = new SortedDictionary<string, Family>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == measured.Meter && instrument.IsObservable)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Observed(families, instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Observed(families, instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Observed(families, instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        foreach (var series in measured.Histograms.Read())
            Recorded(families, series.Instrument, series.Label is { } label ? [label] : [], series.Counts, series.Sum);

        var text = new StringBuilder();
        foreach (var (name, family) in families)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(family.Description).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(family.Type).Append('\n');
            foreach (var part in family.Parts.Values)
                text.Append(part);
        }

        return text.ToString();
    }

    private static void Observed(SortedDictionary<string, Family> families, Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var part = Array.FindIndex(HistogramParts, ending => instrument.Name.EndsWith($"_seconds{ending}", StringComparison.Ordinal));
        var (name, type) = part >= 0 ? (instrument.Name[..^HistogramParts[part].Length], "histogram")
            : (instrument.Name, instrument.Name.EndsWith("_total", StringComparison.Ordinal) ? "counter" : "gauge");
        Add(families, instrument, name, type, part, value, tags);
    }

    private static void Recorded(
        SortedDictionary<string, Family> families, Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags, long[] counts, double sum)
    {
        var below = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            var bound = i < LatencyHistogram.BoundsSeconds.Count ? Number(LatencyHistogram.BoundsSeconds[i]) : "+Inf";
            Add(families, instrument, instrument.Name, "histogram", 0, below += counts[i], [.. tags, new("le", bound)]);
        }

        Add(families, instrument, instrument.Name, "histogram", 1, sum, tags);
        Add(families, instrument, instrument.Name, "histogram", 2, below, tags);
    }

    private static void Add(
        SortedDictionary<string, Family> families, Instrument instrument, string name, string type, int part, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!families.TryGetValue(name, out var family))
            families.Add(name, family = new Family(instrument.Description, type, []));
        if (!family.Parts.TryGetValue(part, out var lines))
            family.Parts.Add(part, lines = new StringBuilder());
        lines.Append(name).Append(part < 0 ? "" : HistogramParts[part]);
        for (var i = 0; i < tags.Length; i++)
            lines.Append(i == 0 ? '{' : ',').Append(tags[i].Key).Append("=\"").Append(Escape(tags[i].Value?.ToString() ?? "")).Append('"');
        lines.Append(tags.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private sealed record Family(string? Description, string Type, SortedDictionary<int, StringBuilder> Parts);
}

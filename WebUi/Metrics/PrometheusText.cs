using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Lunaria.WebUi.Metrics;

/// <summary>
/// The instruments of a meter in the text format of Prometheus, version 0.0.4. Each call observes them anew. Stateless; any thread.
/// </summary>
internal static class PrometheusText
{
    /// <summary>The format's content type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>All samples of all instruments of a meter.</summary>
    public static string Write(Meter meter)
    {
        var samples = new Dictionary<Instrument, StringBuilder>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(samples, instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(samples, instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(samples, instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();

        var text = new StringBuilder();
        foreach (var (instrument, lines) in samples.OrderBy(entry => entry.Key.Name, StringComparer.Ordinal))
        {
            var type = instrument.Name.EndsWith("_total", StringComparison.Ordinal) ? "counter" : "gauge";
            text.Append("# HELP ").Append(instrument.Name).Append(' ').Append(instrument.Description).Append('\n');
            text.Append("# TYPE ").Append(instrument.Name).Append(' ').Append(type).Append('\n');
            text.Append(lines);
        }

        return text.ToString();
    }

    private static void Add(Dictionary<Instrument, StringBuilder> samples, Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!samples.TryGetValue(instrument, out var lines))
            samples.Add(instrument, lines = new StringBuilder());
        lines.Append(instrument.Name);
        for (var i = 0; i < tags.Length; i++)
            lines.Append(i == 0 ? '{' : ',').Append(tags[i].Key).Append("=\"").Append(Escape(tags[i].Value?.ToString() ?? "")).Append('"');
        lines.Append(tags.Length > 0 ? "} " : " ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}

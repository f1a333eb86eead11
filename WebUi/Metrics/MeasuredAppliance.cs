using System.Diagnostics.Metrics;

namespace Lunaria.WebUi.Metrics;

/// <summary>The meter of the appliance with what counts its histograms. Owned by the run, from its beginning to its end. Any thread.</summary>
internal sealed class MeasuredAppliance : IDisposable
{
    public MeasuredAppliance() => Histograms = new HistogramCollector(Meter);

    /// <summary>All instruments are of this one.</summary>
    public Meter Meter { get; } = new("Lunaria");

    /// <summary>What its histograms have recorded.</summary>
    public HistogramCollector Histograms { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Histograms.Dispose();
        Meter.Dispose();
    }
}

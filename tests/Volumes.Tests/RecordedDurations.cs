using System.Diagnostics.Metrics;

namespace Lunaria.Volumes.Tests;

/// <summary>A histogram, and how often something was recorded in it.</summary>
internal sealed class RecordedDurations : IDisposable
{
    private readonly Meter _meter = new("test");
    private readonly MeterListener _listener = new();
    private int _count;

    public RecordedDurations()
    {
        Histogram = _meter.CreateHistogram<double>("duration", "s");
        _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) =>
        {
            Assert.IsGreaterThanOrEqualTo(0, seconds);
            Interlocked.Increment(ref _count);
        });
        _listener.EnableMeasurementEvents(Histogram);
    }

    public Histogram<double> Histogram { get; }

    public int Count => Volatile.Read(ref _count);

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }
}

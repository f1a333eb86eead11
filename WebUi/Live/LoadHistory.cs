using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Live;

/// <summary>
/// The load of the last ten minutes by seconds and of the last day by minutes, in two rings in memory. Fed by the watch once a second; any thread reads.
/// </summary>
internal sealed class LoadHistory(TimeProvider time)
{
    private const int Seconds = 600;
    private const int Minutes = 1440;
    private const int SecondsPerMinute = 60;

    private readonly Lock _sync = new();
    private readonly Ring<LoadSampleView> _seconds = new(Seconds);
    private readonly Ring<LoadSampleView> _minutes = new(Minutes);
    private readonly List<LoadSampleView> _minute = [];
    private LoadCounters? _before;
    private long _beforeAt;

    /// <summary>The newest sample by seconds; null before the second look.</summary>
    public LoadSampleView? Newest
    {
        get
        {
            lock (_sync)
                return _seconds.Newest;
        }
    }

    /// <summary>Takes the sums of this moment.</summary>
    public void Add(LoadCounters now, long logUsedBytes)
    {
        var at = time.GetTimestamp();
        lock (_sync)
        {
            var elapsed = time.GetElapsedTime(_beforeAt, at).TotalSeconds;
            if (_before is { } before && elapsed > 0)
            {
                var sample = new LoadSampleView(
                    time.GetUtcNow(),
                    Rate(before.Reads, now.Reads, elapsed),
                    Rate(before.Writes, now.Writes, elapsed),
                    Rate(before.BytesRead, now.BytesRead, elapsed),
                    Rate(before.BytesWritten, now.BytesWritten, elapsed),
                    Mean(now.ReadSeconds - before.ReadSeconds, now.Reads - before.Reads),
                    Mean(now.WriteSeconds - before.WriteSeconds, now.Writes - before.Writes),
                    Mean(now.CacheHitBytes - before.CacheHitBytes, now.CacheHitBytes - before.CacheHitBytes + now.CacheMissBytes - before.CacheMissBytes),
                    logUsedBytes);
                _seconds.Add(sample);
                AddToMinute(sample);
            }

            (_before, _beforeAt) = (now, at);
        }
    }

    /// <summary>The last ten minutes by seconds.</summary>
    public LoadHistoryView GetSeconds()
    {
        lock (_sync)
            return new LoadHistoryView(1, _seconds.ToList());
    }

    /// <summary>The last day by minutes.</summary>
    public LoadHistoryView GetMinutes()
    {
        lock (_sync)
            return new LoadHistoryView(SecondsPerMinute, _minutes.ToList());
    }

    private void AddToMinute(LoadSampleView sample)
    {
        _minute.Add(sample);
        if (_minute.Count < SecondsPerMinute)
            return;
        _minutes.Add(new LoadSampleView(
            sample.Time,
            _minute.Average(one => one.ReadsPerSecond),
            _minute.Average(one => one.WritesPerSecond),
            _minute.Average(one => one.ReadBytesPerSecond),
            _minute.Average(one => one.WrittenBytesPerSecond),
            Mean(_minute.Sum(one => one.ReadSeconds * one.ReadsPerSecond ?? 0), _minute.Sum(one => one.ReadsPerSecond)),
            Mean(_minute.Sum(one => one.WriteSeconds * one.WritesPerSecond ?? 0), _minute.Sum(one => one.WritesPerSecond)),
            Mean(_minute.Sum(one => one.CacheHitShare ?? 0), _minute.Count(one => one.CacheHitShare != null)),
            sample.LogUsedBytes));
        _minute.Clear();
    }

    private static double? Mean(double sum, double count) => count > 0 && sum >= 0 ? sum / count : null;

    /// <summary>A sum that has shrunk lost a unit that is no longer mapped: nothing is known of this span.</summary>
    private static double Rate(long before, long now, double seconds) => Math.Max(0, now - before) / seconds;
}

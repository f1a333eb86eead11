namespace Lunaria.Volumes.Destage;

/// <summary>
/// Slows writers smoothly towards the speed of the destager: nothing below two thirds of the log, above that a share of the destage time of every byte written,
/// which passes the whole at nine tenths. One for the engine, since the log is one; one for each volume whose part of the log is limited, which has <paramref name="engine"/>'s speed and
/// debts of its own. Any thread.
/// </summary>
internal sealed class WritePacer(TimeProvider time, WritePacer? engine = null)
{
    private const double FreeShare = 0.65, FullCostShare = 0.9;
    private const double MinBytesPerSecond = 1 << 20, StartBytesPerSecond = 64 << 20;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(2), LongestWait = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private double _bytesPerSecond = StartBytesPerSecond;
    private TimeSpan _owedUntil;
    private readonly long _start = time.GetTimestamp();

    /// <summary>Log space freed a second while the destager works, smoothed.</summary>
    public double BytesPerSecond
    {
        get
        {
            if (engine is not null)
                return engine.BytesPerSecond;
            lock (_lock)
                return _bytesPerSecond;
        }
    }

    /// <summary>True where a write need not ask for its wait.</summary>
    public static bool IsFree(ulong usedBytes, ulong capacityBytes) => usedBytes <= capacityBytes * FreeShare;

    /// <summary>What a write of so many bytes has to wait now; zero where it is too short to be worth a timer.</summary>
    public TimeSpan Charge(long bytes, ulong usedBytes, ulong capacityBytes)
    {
        double fill = (double)usedBytes / capacityBytes;
        if (fill <= FreeShare)
            return TimeSpan.Zero;
        double share = (fill - FreeShare) / (FullCostShare - FreeShare), bytesPerSecond = BytesPerSecond;
        lock (_lock)
        {
            TimeSpan now = time.GetElapsedTime(_start);
            if (_owedUntil < now)
                _owedUntil = now;
            _owedUntil += TimeSpan.FromSeconds(bytes / bytesPerSecond * share * share);
            if (_owedUntil > now + LongestWait)
                _owedUntil = now + LongestWait;
            TimeSpan wait = _owedUntil - now;
            return wait < ShortestWait ? TimeSpan.Zero : wait;
        }
    }

    /// <summary>The destager has freed log space that took it <paramref name="elapsed"/>, failures and waits included.</summary>
    public void Freed(ulong bytes, TimeSpan elapsed)
    {
        if (elapsed <= TimeSpan.Zero)
            return;
        lock (_lock)
            _bytesPerSecond = Math.Max(MinBytesPerSecond, (0.7 * _bytesPerSecond) + (0.3 * bytes / elapsed.TotalSeconds));
    }
}

namespace Lunaria.Backends.Pool;

/// <summary>How scarce space is.</summary>
public enum WatermarkState
{
    /// <summary>Enough is free.</summary>
    Ok,
    /// <summary>Less is free than the low mark: add space soon.</summary>
    Low,
    /// <summary>Less is free than the full mark: writes are about to fail.</summary>
    Full,
}

/// <summary>
/// Marks of free space: each counts as percent of the pool or as bytes, whichever is more. A state is left only when
/// <see cref="HysteresisPercent"/> of the pool more than its mark is free.
/// </summary>
public sealed record WatermarkOptions
{
    /// <summary>Low mark in percent, 0 to 100.</summary>
    public double LowFreePercent { get; init; } = 10;

    /// <summary>Low mark in bytes.</summary>
    public long LowFreeBytes { get; init; }

    /// <summary>Full mark in percent, 0 to 100.</summary>
    public double FullFreePercent { get; init; } = 2;

    /// <summary>Full mark in bytes.</summary>
    public long FullFreeBytes { get; init; }

    /// <summary>Percent of the pool by which a mark must be passed on the way back.</summary>
    public double HysteresisPercent { get; init; } = 2;

    internal long LowMark(long totalBytes) => Math.Max(LowFreeBytes, (long)(totalBytes * (LowFreePercent / 100)));

    internal long FullMark(long totalBytes) => Math.Max(FullFreeBytes, (long)(totalBytes * (FullFreePercent / 100)));

    /// <summary>The state that follows <paramref name="before"/> when that much is free.</summary>
    internal WatermarkState Next(WatermarkState before, long freeBytes, long totalBytes)
    {
        long hysteresis = (long)(totalBytes * (HysteresisPercent / 100));
        long full = FullMark(totalBytes) + (before == WatermarkState.Full ? hysteresis : 0);
        long low = LowMark(totalBytes) + (before != WatermarkState.Ok ? hysteresis : 0);
        return freeBytes < full ? WatermarkState.Full : freeBytes < low ? WatermarkState.Low : WatermarkState.Ok;
    }
}

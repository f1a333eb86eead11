namespace Lunaria.WebUi.Contracts;

/// <summary>
/// What hosts did in a span of time, as rates a second. <paramref name="ReadSeconds"/>, <paramref name="WriteSeconds"/>: how long a command took on average, null where there was
/// none. <paramref name="CacheHitShare"/>: what of the bytes read from segments came from the read cache, 0 to 1; null where none was read. <paramref name="LogUsedBytes"/>: how full the write log was at its end.
/// </summary>
public sealed record LoadSampleView(
    DateTimeOffset Time,
    double ReadsPerSecond,
    double WritesPerSecond,
    double ReadBytesPerSecond,
    double WrittenBytesPerSecond,
    double? ReadSeconds,
    double? WriteSeconds,
    double? CacheHitShare,
    long LogUsedBytes);

/// <summary>Load over time, the oldest sample first, one every <paramref name="StepSeconds"/>. Kept in memory: it begins with the run.</summary>
public sealed record LoadHistoryView(int StepSeconds, IReadOnlyList<LoadSampleView> Samples);

/// <summary>
/// The space of the pool now (<see cref="SpaceView"/>) and over time, an entry an hour, the oldest first. <paramref name="DaysToFull"/>: at the pace of the last week; null where it does not grow,
/// or where less than six hours are known.
/// </summary>
public sealed record CapacityView(
    long TotalBytes, long UsedBytes, long ReservedBytes, long FreeBytes, double? DaysToFull, IReadOnlyList<CapacitySampleView> History);

/// <summary>The space of the pool at one time.</summary>
public sealed record CapacitySampleView(DateTimeOffset Time, long TotalBytes, long UsedBytes);

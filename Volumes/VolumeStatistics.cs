namespace Lunaria.Volumes;

/// <summary>One volume's space, exact at the moment of the call. <paramref name="MappedBytes"/>: blocks that hold data.</summary>
public readonly record struct VolumeStatistics(long MappedBytes);

/// <summary>
/// The engine at the moment of the call. <paramref name="MappedBytes"/>: sum over all volumes. <paramref name="StoredBytes"/>: all segments in
/// the object store. <paramref name="LogUsedBytes"/> of <paramref name="LogCapacityBytes"/>: not destaged yet.
/// <paramref name="DestageBytesPerSecond"/>: log space freed a second, smoothed.
/// </summary>
public sealed record EngineStatistics(
    long MappedBytes,
    long StoredBytes,
    long LogUsedBytes,
    long LogCapacityBytes,
    double DestageBytesPerSecond,
    VolumeHealth Health);

namespace Lunaria.Volumes;

/// <summary>
/// One volume's space, exact at the moment of the call. <paramref name="MappedBytes"/>: blocks in segments that the volume's map names.
/// <paramref name="InLogBytes"/>: blocks in the write log that the map does not know yet, new or in place of mapped ones.
/// </summary>
public readonly record struct VolumeStatistics(long MappedBytes, long InLogBytes);

/// <summary>
/// The engine at the moment of the call. <paramref name="MappedBytes"/>: sum over all volumes. <paramref name="StoredBytes"/>: all segments in
/// the object store. <paramref name="LogUsedBytes"/> of <paramref name="LogCapacityBytes"/>: not destaged yet.
/// <paramref name="DestageBytesPerSecond"/>: log space freed a second while destaging, smoothed.
/// </summary>
public sealed record EngineStatistics(
    long MappedBytes,
    long StoredBytes,
    long LogUsedBytes,
    long LogCapacityBytes,
    double DestageBytesPerSecond,
    VolumeHealth Health);

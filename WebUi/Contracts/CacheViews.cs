using System.Text.Json.Serialization;
using Lunaria.Volumes.Cache;

namespace Lunaria.WebUi.Contracts;

/// <summary>
/// The read cache now; sizes in bytes, counts since the start. <paramref name="Loaded"/>: what an earlier life left on the devices has been looked through.
/// <paramref name="HitRate"/>: share of the bytes read from segments that came from the cache. <paramref name="ContentBlocks"/>: distinct blocks that are kept by content.
/// <paramref name="DroppedSlots"/>: entries given up because they were not what they should be; <paramref name="SkippedWindows"/>: what was not taken in because the devices did
/// not keep up. <paramref name="IndexMemoryBytes"/>, <paramref name="MemoryBytes"/>: memory for the index, and for what was read or read ahead last.
/// </summary>
public sealed record CacheView(
    bool Loaded, long CapacityBytes, long UsedBytes, double HitRate, long HitBytes, long MissBytes, long Evictions, long Windows, long ContentBlocks,
    long DroppedSlots, long SkippedWindows, long IndexMemoryBytes, long MemoryBytes, IReadOnlyList<CacheDeviceView> Devices, IReadOnlyList<VolumeCacheView> Volumes);

/// <summary>A cache device. <paramref name="Failure"/>: why it is not used; null where it is.</summary>
public sealed record CacheDeviceView(string Path, long SizeBytes, long UsedBytes, string? Failure);

/// <summary>
/// A volume's part of the cache. <paramref name="When"/>: onRead, onWrite (what is written, too) or none; <paramref name="By"/>: location (clones share what they have in common)
/// or content (equal blocks once). <paramref name="LimitBytes"/>: it never has more, 0 = no limit; <paramref name="ReserveBytes"/>: others do not take that from it.
/// </summary>
public sealed record VolumeCacheView(
    string Volume,
    [property: JsonConverter(typeof(EnumWords<CacheBehaviour>))] CacheBehaviour When,
    [property: JsonConverter(typeof(EnumWords<CacheMode>))] CacheMode By,
    long LimitBytes, long ReserveBytes, long UsedBytes, double HitRate, long HitBytes, long MissBytes, long Evictions);

/// <summary>A device to add to the cache.</summary>
public sealed record AddCacheDevice
{
    /// <summary>A file (made where absent) or block device, on flash: an absolute path on the appliance, or one below its data directory.</summary>
    public required string Path { get; init; }

    /// <summary>How much of it is used, bytes; at least 1 MiB.</summary>
    public required long SizeBytes { get; init; }
}

/// <summary>What to change of a volume's part of the cache, at once; what is left out stays.</summary>
public sealed record EditVolumeCache
{
    /// <summary>When its blocks go in.</summary>
    [JsonConverter(typeof(EnumWords<CacheBehaviour>))]
    public CacheBehaviour? When { get; set; }

    /// <summary>By what they are kept; what is in the cache already stays as it is.</summary>
    [JsonConverter(typeof(EnumWords<CacheMode>))]
    public CacheMode? By { get; set; }

    /// <summary>Most that it has, bytes; 0 = no limit.</summary>
    public long? LimitBytes { get; set; }

    /// <summary>What others do not take from it, bytes.</summary>
    public long? ReserveBytes { get; set; }
}

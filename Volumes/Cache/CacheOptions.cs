using System.Diagnostics.Metrics;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Cache;

/// <summary>A file or block device for the read cache, and how much of it is used.</summary>
public sealed record CacheDeviceOptions(string Path, long SizeBytes);

/// <summary>The read cache of an engine. Immutable.</summary>
public sealed record ReadCacheOptions
{
    /// <summary>Devices that are there from the start; more can be added while the engine runs.</summary>
    public IReadOnlyList<CacheDeviceOptions> Devices { get; init; } = [];

    /// <summary>Memory for what was read last from a store that others share, or read ahead; in bytes.</summary>
    public long MemoryBytes { get; init; } = 64L << 20;

    /// <summary>Where the time of each read that waited for a device is recorded, in seconds; null = nowhere.</summary>
    public Histogram<double>? ReadDurations { get; init; }

    /// <summary>Opens the directory that a device is in.</summary>
    public Func<string, IDisk> OpenDisk { get; init; } = static directory => new FileSystemDisk(directory);
}

/// <summary>When a volume's blocks go into the cache.</summary>
public enum CacheBehaviour
{
    /// <summary>When they are read from the store.</summary>
    OnRead,
    /// <summary>... and when they are written to it, too.</summary>
    OnWrite,
    /// <summary>Never, and they are not looked for there.</summary>
    None,
}

/// <summary>By what a volume's blocks are kept.</summary>
public enum CacheMode
{
    /// <summary>By where they are in the store: clones share what they have in common.</summary>
    Location,
    /// <summary>By what they contain: equal blocks are there once, whoever wrote them.</summary>
    Content,
}

/// <summary>
/// What an administrator says about one volume's part of the cache. <paramref name="LimitBytes"/>: it never has more; 0 = no limit. <paramref name="ReserveBytes"/>: others do not
/// take that from it.
/// </summary>
public sealed record CachePolicy(
    CacheBehaviour Behaviour = CacheBehaviour.OnRead, CacheMode Mode = CacheMode.Location, long LimitBytes = 0, long ReserveBytes = 0);

using System.Diagnostics.Metrics;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes;

/// <summary>Numbers of the engine. Fixed while it is open.</summary>
public sealed record VolumesOptions
{
    /// <summary>Size of the write log.</summary>
    public WriteLogOptions Log { get; init; } = new();

    /// <summary>Memory for the leaves of the block map, in bytes.</summary>
    public long MapMemoryBytes { get; init; } = 256L << 20;

    /// <summary>The read cache.</summary>
    public ReadCacheOptions Cache { get; init; } = new();

    /// <summary>Largest segment, in bytes; 0 = what the object store prefers.</summary>
    public int SegmentBytes { get; init; }

    /// <summary>Segments put at the same time.</summary>
    public int ConcurrentPuts { get; init; } = 4;

    /// <summary>The destager starts when the log holds this much, or two fifths of its size: bounds what a start has to replay.</summary>
    public long DestageThresholdBytes { get; init; } = 4L << 30;

    /// <summary>... or when nothing has been written for this long; under writes without a pause after sixty times as long.</summary>
    public TimeSpan DestageIdleAge { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Most log taken into one cut, in bytes: bounds the memory and the length of a destage run. A little less than whole segments of the usual sizes, whose headers need room: so
    /// no cut ends in a segment of a few blocks.
    /// </summary>
    public long CutBytes { get; init; } = 127L << 20;

    /// <summary>The map is checkpointed when its journal holds this much.</summary>
    public long CheckpointJournalBytes { get; init; } = 128L << 20;

    /// <summary>How long a write waits for room in a full log before it is answered with <see cref="VolumeStatus.Unavailable"/>.</summary>
    public TimeSpan RoomWait { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How long after the store became full writes without room in the log wait for space, before they are answered with <see cref="VolumeStatus.OutOfSpace"/>; 0 = not at all.</summary>
    public TimeSpan SpaceWait { get; init; }

    /// <summary>Share of all blocks in segments that may be garbage before garbage collection begins a round; 1 = it runs only when asked.</summary>
    public double GarbageShare { get; init; } = 0.25;

    /// <summary>Most that one round of garbage collection copies, in bytes; each ends with a checkpoint.</summary>
    public long CollectionRoundBytes { get; init; } = 128L << 20;

    /// <summary>What background verification reads a second, in bytes, until it is set otherwise; 0 = nothing.</summary>
    public long VerificationBytesPerSecond { get; init; }

    /// <summary>Most that garbage collection copies a second, in bytes; 0 = as fast as it can between cuts.</summary>
    public long CollectionBytesPerSecond { get; init; }

    /// <summary>Where the time of each round of garbage collection is recorded, in seconds; null = nowhere.</summary>
    public Histogram<double>? CollectionDurations { get; init; }
}

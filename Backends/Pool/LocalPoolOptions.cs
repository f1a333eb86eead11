using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>Settings of a <see cref="LocalPool"/>. Name, chunk size, copies and component sizes count only when the pool is made.</summary>
public sealed record LocalPoolOptions
{
    /// <summary>What the pool is called in messages, at most 63 bytes of UTF-8.</summary>
    public string Name { get; init; } = "default";

    /// <summary>
    /// Where components are looked for, in any order: 1 to 255. What belongs to the pool its labels say: one that lies elsewhere is looked for where
    /// the labels saw it last.
    /// </summary>
    public required IReadOnlyList<PoolComponentSource> Components { get; init; }

    /// <summary>Where components were when the pool was last open: looked at, too, and ignored where they are not of the pool.</summary>
    public IReadOnlyList<string> LastPaths { get; init; } = [];

    /// <summary>Makes a place of a path that only the labels know; null (also as its result) = there is nothing to look at.</summary>
    public Func<string, PoolComponentSource?>? Locate { get; init; }

    /// <summary>False: the pool must exist, because something names objects of it. An absent one is then not made anew.</summary>
    public bool MayCreate { get; init; } = true;

    /// <summary>Bytes of a chunk, which is also the largest object: a power of two, 64 KiB to 128 MiB.</summary>
    public int ChunkBytes { get; init; } = 4 << 20;

    /// <summary>On how many components each object is stored: 1, or 2 so that one may fail.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>Paths or ids of components that are missing or unusable and that the pool is to go on without: what only they hold is lost.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Most bytes a second that are copied to give objects the copies that they lack.</summary>
    public long MendBytesPerSecond { get; init; } = 200L << 20;

    /// <summary>The clock of what is tried again later.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How objects are laid out over the components.</summary>
    public PoolAllocation Allocation { get; init; } = PoolAllocation.Spread;

    /// <summary>
    /// Free bytes, in whole chunks, that new objects leave alone, so that objects can still be replaced and garbage collection can work; null = 1 % of the pool, at least 8 chunks, at most 1 GiB,
    /// but no more than a sixteenth of a small pool, of which it is two chunks at least.
    /// </summary>
    public long? ReserveBytes { get; init; }

    /// <summary>
    /// Names of objects that hold the same secret, so that one of them is enough: they lie on different components where several take objects, and what they held before is
    /// overwritten, not only given back.
    /// </summary>
    public IReadOnlyList<string> SecretTwins { get; init; } = [];

    /// <summary>When the pool says that space runs low.</summary>
    public WatermarkOptions Watermarks { get; init; } = new();
}

/// <summary>
/// Where a component lies: a file of a disk. <paramref name="DisplayPath"/>: what messages and labels call it.
/// <paramref name="SizeBytes"/>: its size if it has to be made.
/// </summary>
public sealed record PoolComponentSource(IDisk Disk, string Path, string DisplayPath, long SizeBytes)
{
    /// <summary>True for a block device: it has its size, is never made, renamed or deleted.</summary>
    public bool IsDevice { get; init; }
}

/// <summary>How objects are laid out over the components of a pool.</summary>
public enum PoolAllocation
{
    /// <summary>Each object goes to the component with the largest free share, so that all fill alike; with two copies to those with the most free bytes.</summary>
    Spread,
    /// <summary>Components are filled one after the other; with two copies as <see cref="Spread"/>.</summary>
    Sequential,
}

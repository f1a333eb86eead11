using System.Buffers.Binary;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// One volume as the read cache knows it: what its administrator says, its partition, and what is counted. Made by the cache for each volume; counts and links change under
/// the cache's lock, the policy is read by any thread.
/// </summary>
internal sealed class CacheClient(ushort number, Guid volume, CachePartition partition)
{
    private volatile CachePolicy _policy = new();

    /// <summary>Its number in the entries of slots.</summary>
    public ushort Number { get; } = number;

    /// <summary>The volume; Guid.Empty for all that is no volume (snapshots that are read).</summary>
    public Guid Volume { get; } = volume;

    /// <summary>The volume as records on devices name it.</summary>
    public ulong Id { get; } = IdOf(volume);

    /// <summary>What the administrator says.</summary>
    public CachePolicy Policy
    {
        get => _policy;
        set => _policy = value;
    }

    /// <summary>Where its slots wait for eviction.</summary>
    public CachePartition Partition { get; set; } = partition;

    /// <summary>Slots charged to it.</summary>
    public long Slots { get; set; }

    /// <summary>What it read from the cache, from the store, and windows of it that were pushed out.</summary>
    public long HitBytes, MissBytes, Evictions;

    private static ulong IdOf(Guid volume)
    {
        Span<byte> bytes = stackalloc byte[16];
        volume.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}

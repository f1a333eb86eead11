#pragma warning disable CA1822
namespace Lunaria.Volumes.Segments;

/// <summary>
/// Packs blocks of one volume into a segment object, in place in one buffer that is reused. Owned by one destage worker; not thread-safe.
/// Use: <see cref="Reset"/>, <see cref="TryAddTrim"/> and <see cref="TryAddBlock"/> until one is false, <see cref="Seal"/>, put, again.
/// </summary>
internal sealed class SegmentBuilder
{
    /// <summary>Takes a buffer of <paramref name="maxObjectBytes"/> (header included; at least 8 KiB).</summary>
    public SegmentBuilder(int maxObjectBytes) => _ = maxObjectBytes;

    /// <summary>Blocks added since the last reset.</summary>
    public int BlockCount => throw null!;

    /// <summary>True while nothing was added.</summary>
    public bool IsEmpty => throw null!;

    /// <summary>Starts the next segment; the memory <see cref="Seal"/> gave is overwritten.</summary>
    public void Reset() => throw null!;

    /// <summary>Adds a trim; trims ascend and are disjoint. False = full.</summary>
    public bool TryAddTrim(BlockRange trim) => throw null!;

    /// <summary>
    /// Adds a block (numbers ascend) whose content the caller now puts into <paramref name="page"/> (4096 bytes, valid until the next reset). The checksum is the one
    /// the log record carries, so that it covers the block from the host's write to its last read: a page that does not match it is stored as
    /// damaged, never as good. False = full.
    /// </summary>
    public bool TryAddBlock(ulong block, uint crc, out Memory<byte> page) => throw null!;

    /// <summary>
    /// Writes the header and gives the whole object; valid until the next reset. <paramref name="header"/> is its decoded form, for
    /// <see cref="SegmentStore.AddDirectory"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Seal(Guid poolId, Guid volumeUuid, ulong sequence, ulong firstLsn, ulong endLsn, out SegmentHeader header) => throw null!;
}

#pragma warning disable CA1822
using Lunaria.Volumes.Backend;

namespace Lunaria.Volumes.Segments;

/// <summary>
/// Reads blocks of segments and checks each against its CRC32C. Keeps the checksums of the segments in use (directories) under a byte budget. Owned by
/// the volume manager; thread-safe.
/// </summary>
internal sealed class SegmentStore
{
    /// <summary>Keeps at most <paramref name="directoryBytes"/> of directories.</summary>
    public SegmentStore(IObjectStore store, SegmentTable table, long directoryBytes) => _ = (store, table, directoryBytes);

    /// <summary>
    /// Reads consecutive blocks without waiting: true = <paramref name="destination"/> (a multiple of 4096 bytes) is filled and checked; false = use
    /// <see cref="ReadAsync"/>. Allocates nothing.
    /// </summary>
    /// <exception cref="SegmentCorruptException">A block's checksum is wrong.</exception>
    public bool TryRead(SegmentId segment, int blockIndex, Span<byte> destination) => throw null!;

    /// <summary>As <see cref="TryRead"/>, waiting for the store.</summary>
    /// <exception cref="SegmentCorruptException">A block's or the header's checksum is wrong.</exception>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public ValueTask ReadAsync(SegmentId segment, int blockIndex, Memory<byte> destination, CancellationToken cancellation) => throw null!;

    /// <summary>Keeps the directory of a segment just put, so that reading it back needs no load of its header.</summary>
    public void AddDirectory(SegmentId segment, SegmentHeader header) => throw null!;
}

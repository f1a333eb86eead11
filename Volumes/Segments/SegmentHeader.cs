#pragma warning disable CA1822
namespace Lunaria.Volumes.Segments;

/// <summary>
/// What a segment says about itself: the decoded header pages (docs/FORMATS.md, "Segment"). Immutable; any thread.
/// To apply a segment: first its trims become holes, then its extents name its blocks, from block index 0 on in their order.
/// </summary>
internal sealed class SegmentHeader
{
    /// <summary>Bytes of a data block and of a header page.</summary>
    public const int BlockBytes = 4096;

    /// <summary>The most blocks a segment can have: map entries hold 16 bits of index.</summary>
    public const int MaxBlocks = 65535;

    public required Guid PoolId { get; init; }
    public required Guid VolumeUuid { get; init; }
    public required ulong Sequence { get; init; }
    public required SegmentKind Kind { get; init; }
    /// <summary>The cut it came from: first LSN and the LSN behind the last.</summary>
    public required ulong FirstLsn { get; init; }
    public required ulong EndLsn { get; init; }
    /// <summary>Ascending, disjoint, not adjacent; their lengths add up to <see cref="BlockCount"/>.</summary>
    public required BlockRange[] Extents { get; init; }
    /// <summary>Ascending, disjoint; applied before the extents.</summary>
    public required BlockRange[] Trims { get; init; }
    /// <summary>CRC32C of each block, by index.</summary>
    public required uint[] BlockCrcs { get; init; }

    public int BlockCount => BlockCrcs.Length;
    public int HeaderBytes => throw null!;
    public int ObjectBytes => HeaderBytes + BlockCount * BlockBytes;

    /// <summary>
    /// Decodes header pages; <paramref name="source"/> may be longer. False with the reason in <paramref name="problem"/> where they are not intact.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> source, out SegmentHeader? header, out string? problem) => throw null!;
}

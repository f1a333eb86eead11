using System.Diagnostics.CodeAnalysis;

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

    /// <summary>The pool it belongs to.</summary>
    public required Guid PoolId { get; init; }

    /// <summary>The volume whose blocks it holds.</summary>
    public required Guid VolumeUuid { get; init; }

    /// <summary>Its number in the order of the volume's segments.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>Why it was written.</summary>
    public required SegmentKind Kind { get; init; }

    /// <summary>The first LSN of the cut it came from.</summary>
    public required ulong FirstLsn { get; init; }

    /// <summary>The LSN behind that cut.</summary>
    public required ulong EndLsn { get; init; }

    /// <summary>The generation of the line that its blocks and trims belong to; of copies, the newest of their sources.</summary>
    public uint Generation { get; init; }

    /// <summary>Of a copy: where each block was first written, by index.</summary>
    public BlockOrigin[] Origins { get; init; } = [];

    /// <summary>Ascending, disjoint, not adjacent; their lengths add up to <see cref="BlockCount"/>.</summary>
    public required BlockRange[] Extents { get; init; }

    /// <summary>Ascending, disjoint; applied before the extents.</summary>
    public required BlockRange[] Trims { get; init; }

    /// <summary>CRC32C of each block, by index.</summary>
    public required uint[] BlockCrcs { get; init; }

    /// <summary>Number of data blocks.</summary>
    public int BlockCount => BlockCrcs.Length;

    /// <summary>Bytes of the header pages: where block 0 is.</summary>
    public int HeaderBytes => SegmentCodec.MeasureHeader(Extents.Length, Trims.Length, BlockCrcs.Length, Origins.Length);

    /// <summary>Bytes of the whole object.</summary>
    public int ObjectBytes => HeaderBytes + BlockCount * BlockBytes;

    /// <summary>
    /// Decodes header pages; <paramref name="source"/> may be longer. False with the reason in <paramref name="problem"/> where they are not intact.
    /// </summary>
    public static bool TryParse(
        ReadOnlySpan<byte> source, [NotNullWhen(true)] out SegmentHeader? header, [NotNullWhen(false)] out string? problem) =>
        SegmentCodec.TryParse(source, out header, out problem);
}

/// <summary>
/// Where a block that garbage collection copied was first written: sequence of that segment in its line, and its generation. Of all segments that hold a block of a
/// line, the one with the highest counts, so that a copy never brings back what was written over.
/// </summary>
internal readonly record struct BlockOrigin(ulong Sequence, uint Generation);

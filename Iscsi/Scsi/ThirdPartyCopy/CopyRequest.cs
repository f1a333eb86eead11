using System.Buffers.Binary;
using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// A segment descriptor block to block: <paramref name="Count"/> blocks of the source, or with DC of the destination; or block to block with offsets:
/// <paramref name="Count"/> bytes, from offsets inside the first blocks.
/// </summary>
internal readonly record struct CopySegment(
    int SourceIndex, int DestinationIndex, CopyUnit Unit, uint Count, ulong SourceLba, ulong DestinationLba, int SourceOffset = 0, int DestinationOffset = 0);

/// <summary>What a segment descriptor counts in.</summary>
internal enum CopyUnit
{
    /// <summary>Blocks of the source.</summary>
    SourceBlocks,
    /// <summary>Blocks of the destination (DC=1).</summary>
    DestinationBlocks,
    /// <summary>Bytes.</summary>
    Bytes,
}

/// <summary>A CSCD descriptor: identification descriptor (SPC-4 6.4.5.2).</summary>
internal readonly record struct CopyCscd(int CodeSet, int DesignatorType, ImmutableArray<byte> Designator, int BlockBytes);

/// <summary>
/// The parameter list of EXTENDED COPY, LID1 (SPC-4 6.4) or LID4 (SPC-4 6.5), read and checked as far as it alone decides. Immutable.
/// </summary>
internal sealed record CopyRequest
{
    private const byte IdentificationCscd = 0xE4;
    private const byte BlockToBlock = 0x02;
    private const byte BlockToBlockWithOffsets = 0x0A;
    private const int BlockToBlockBytes = 28;
    private const int Lid1HeaderBytes = 16;
    private const int Lid4HeaderBytes = 48;
    private const int DiscardResults = 3;

    /// <summary>Data segments are multiples of 2 to this power, bytes: of a block.</summary>
    public const int GranularityShift = 9;

    /// <summary>The types of segment and CSCD descriptors that are understood.</summary>
    public static ReadOnlySpan<byte> DescriptorTypes => [BlockToBlock, BlockToBlockWithOffsets, IdentificationCscd];

    /// <summary>LIST IDENTIFIER.</summary>
    public required uint ListId { get; init; }

    /// <summary>True where the result is kept for RECEIVE COPY RESULTS (LIST ID USAGE).</summary>
    public required bool KeepsResult { get; init; }

    /// <summary>Copy sources and destinations.</summary>
    public required ImmutableArray<CopyCscd> Cscds { get; init; }

    /// <summary>What to copy, in this order.</summary>
    public required ImmutableArray<CopySegment> Segments { get; init; }

    /// <summary>Reads the list of EXTENDED COPY(LID1); null where the task has failed.</summary>
    public static CopyRequest? ReadLid1(ScsiTask task)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < Lid1HeaderBytes) return Fail(task, SenseCodes.ParameterListLengthError);
        int usage = (list[1] >> 3) & 3;
        if (usage == 1) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(1, 4));
        if (usage == DiscardResults && list[0] != 0) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(0));
        if (BinaryPrimitives.ReadUInt32BigEndian(list[12..]) != 0) return Fail(task, SenseCodes.InlineDataLengthExceeded.AtParameter(12));
        return Read(
            task, list, Lid1HeaderBytes, list[0], usage != DiscardResults,
            BinaryPrimitives.ReadUInt16BigEndian(list[2..]), BinaryPrimitives.ReadUInt32BigEndian(list[8..]));
    }

    /// <summary>Reads the list of EXTENDED COPY(LID4); null where the task has failed.</summary>
    public static CopyRequest? ReadLid4(ScsiTask task)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < Lid4HeaderBytes) return Fail(task, SenseCodes.ParameterListLengthError);
        if (list[0] != 0x01) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(0));
        if (BinaryPrimitives.ReadUInt16BigEndian(list[2..]) != 0x20) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(2));
        if (list[16] != 0xFF) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(16));
        if (BinaryPrimitives.ReadUInt16BigEndian(list[46..]) != 0) return Fail(task, SenseCodes.InlineDataLengthExceeded.AtParameter(46));
        return Read(
            task, list, Lid4HeaderBytes, BinaryPrimitives.ReadUInt32BigEndian(list[20..]), ((list[1] >> 3) & 3) != DiscardResults,
            BinaryPrimitives.ReadUInt16BigEndian(list[42..]), BinaryPrimitives.ReadUInt16BigEndian(list[44..]));
    }

    private static CopyRequest? Read(
        ScsiTask task, ReadOnlySpan<byte> list, int headerBytes, uint listId, bool keepsResult, uint cscdBytes, uint segmentBytes)
    {
        ulong descriptorBytes = (ulong)cscdBytes + segmentBytes;
        if (descriptorBytes > CopyLimits.MaxDescriptorListBytes || (ulong)(list.Length - headerBytes) < descriptorBytes)
            return Fail(task, SenseCodes.ParameterListLengthError);
        if (cscdBytes % CopyLimits.CscdBytes != 0) return Fail(task, SenseCodes.ParameterListLengthError);
        if (cscdBytes / CopyLimits.CscdBytes > CopyLimits.MaxCscds) return Fail(task, SenseCodes.TooManyTargetDescriptors);
        if (segmentBytes / BlockToBlockBytes > CopyLimits.MaxSegments) return Fail(task, SenseCodes.TooManySegmentDescriptors);

        ImmutableArray<CopyCscd>.Builder cscds = ImmutableArray.CreateBuilder<CopyCscd>();
        int at = headerBytes;
        for (int end = at + (int)cscdBytes; at < end; at += CopyLimits.CscdBytes)
        {
            ReadOnlySpan<byte> cscd = list.Slice(at, CopyLimits.CscdBytes);
            if (cscd[0] != IdentificationCscd) return Fail(task, SenseCodes.UnsupportedTargetDescriptorType.AtParameter(at));
            int length = cscd[7];
            if (length > 20) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(at + 7));
            int blockBytes = (cscd[29] << 16) | BinaryPrimitives.ReadUInt16BigEndian(cscd[30..]);
            cscds.Add(new CopyCscd(cscd[4] & 0x0F, cscd[5] & 0x0F, [.. cscd.Slice(8, length)], blockBytes));
        }

        ImmutableArray<CopySegment>.Builder segments = ImmutableArray.CreateBuilder<CopySegment>();
        int segmentsEnd = at + (int)segmentBytes;
        while (at < segmentsEnd)
        {
            int length = list[at] switch { BlockToBlock => BlockToBlockBytes, BlockToBlockWithOffsets => CopyLimits.MaxSegmentDescriptorBytes, _ => 0 };
            if (length == 0) return Fail(task, SenseCodes.UnsupportedSegmentDescriptorType.AtParameter(at));
            if (segmentsEnd - at < length) return Fail(task, SenseCodes.ParameterListLengthError);
            ReadOnlySpan<byte> segment = list.Slice(at, length);
            if (BinaryPrimitives.ReadUInt16BigEndian(segment[2..]) != length - 4) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(at + 2));
            CopySegment read = ReadSegment(segment);
            if (read.Unit == CopyUnit.Bytes && read.Count > CopyLimits.MaxSegmentBytes)
                return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(at + 8));
            segments.Add(read);
            at += length;
        }

        return new CopyRequest { ListId = listId, KeepsResult = keepsResult, Cscds = cscds.ToImmutable(), Segments = segments.ToImmutable() };
    }

    private static CopySegment ReadSegment(ReadOnlySpan<byte> segment)
    {
        int source = BinaryPrimitives.ReadUInt16BigEndian(segment[4..]), destination = BinaryPrimitives.ReadUInt16BigEndian(segment[6..]);
        ulong from = BinaryPrimitives.ReadUInt64BigEndian(segment[12..]), to = BinaryPrimitives.ReadUInt64BigEndian(segment[20..]);
        if (segment[0] == BlockToBlock)
        {
            CopyUnit unit = (segment[1] & 2) != 0 ? CopyUnit.DestinationBlocks : CopyUnit.SourceBlocks;
            return new CopySegment(source, destination, unit, BinaryPrimitives.ReadUInt16BigEndian(segment[10..]), from, to);
        }

        return new CopySegment(
            source, destination, CopyUnit.Bytes, BinaryPrimitives.ReadUInt32BigEndian(segment[8..]), from, to,
            BinaryPrimitives.ReadUInt16BigEndian(segment[28..]), BinaryPrimitives.ReadUInt16BigEndian(segment[30..]));
    }

    private static CopyRequest? Fail(ScsiTask task, SenseData sense)
    {
        task.Fail(sense);
        return null;
    }
}

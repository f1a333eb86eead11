using System.Buffers.Binary;
using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>The block device range descriptors of POPULATE TOKEN and WRITE USING TOKEN (SBC-3), checked against the addressed unit.</summary>
internal static class RangeList
{
    private const int DescriptorBytes = 16;

    /// <summary>
    /// The ranges of a parameter list whose header has <paramref name="headerBytes"/> and ends with the length of the descriptors; null where the task has
    /// failed. Ranges of no block are left out; at least one block is asked for.
    /// </summary>
    public static ImmutableArray<MediumRange>? Read(ScsiTask task, int headerBytes)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < headerBytes) return Fail(task, SenseCodes.ParameterListLengthError);
        int dataBytes = BinaryPrimitives.ReadUInt16BigEndian(list) + 2;
        int rangeBytes = BinaryPrimitives.ReadUInt16BigEndian(list[(headerBytes - 2)..]);
        if (dataBytes < headerBytes + DescriptorBytes) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(0));
        if (rangeBytes < DescriptorBytes || rangeBytes % DescriptorBytes != 0 || headerBytes + rangeBytes > dataBytes)
            return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(headerBytes - 2));
        if (headerBytes + rangeBytes > list.Length) return Fail(task, SenseCodes.ParameterListLengthError);
        if (rangeBytes / DescriptorBytes > CopyLimits.MaxRanges) return Fail(task, SenseCodes.TooManySegmentDescriptors.AtParameter(headerBytes - 2));
        return Read(task, list.Slice(headerBytes, rangeBytes), headerBytes);
    }

    private static ImmutableArray<MediumRange>? Read(ScsiTask task, ReadOnlySpan<byte> descriptors, int firstIndex)
    {
        LogicalUnit unit = task.Unit!;
        ulong capacity = (ulong)unit.Blocks;
        long total = 0;
        var ranges = new List<MediumRange>();
        for (int at = 0; at < descriptors.Length; at += DescriptorBytes)
        {
            ulong lba = BinaryPrimitives.ReadUInt64BigEndian(descriptors[at..]);
            uint blocks = BinaryPrimitives.ReadUInt32BigEndian(descriptors[(at + 8)..]);
            if (lba > capacity || blocks > capacity - lba) return Fail(task, SenseCodes.LogicalBlockAddressOutOfRange.AtParameter(firstIndex + at));
            if (blocks == 0) continue;
            var range = new MediumRange((long)lba * unit.BlockBytes, (long)blocks * unit.BlockBytes);
            if (ranges.Exists(range.Overlaps)) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(firstIndex + at));
            total += range.LengthBytes;
            if (total > CopyLimits.MaxTokenBytes) return Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(firstIndex + at + 8));
            ranges.Add(range);
        }

        return ranges.Count > 0 ? [.. ranges] : Fail(task, SenseCodes.InvalidFieldInParameterList.AtParameter(firstIndex + 8));
    }

    private static ImmutableArray<MediumRange>? Fail(ScsiTask task, SenseData sense)
    {
        task.Fail(sense);
        return null;
    }
}

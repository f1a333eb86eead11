using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>UNMAP (SBC-3 5.30). All descriptors are checked before the first one takes effect. ANCHOR is not offered.</summary>
internal static class Unmap
{
    private const int HeaderBytes = 8;
    private const int DescriptorBytes = 16;

    public static readonly CommandDescriptor[] Rows =
    [
        new("UNMAP", "SBC-3 5.30", "42 00 00 00 00 00 1F FF FF 00")
        {
            Direction = DataDirection.Out,
            Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
            Reservation = ReservationRule.Writes,
            Requires = UnitFeatures.Thin,
            NominalSeconds = 2,
            RecommendedSeconds = 120,
            Prepare = task => task.Expect(BinaryPrimitives.ReadUInt16BigEndian(task.Cdb.Span[7..]), ushort.MaxValue, 7),
            Execute = ExecuteAsync,
        },
    ];

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        // A parameter list length of 0 is no error (SBC-3 5.30.1).
        if (task.DataOutLengthBytes == 0 || !Check(task, out int descriptors)) return;
        int blockBytes = task.Unit!.BlockBytes;
        for (int index = 0; index < descriptors && !task.Aborted; index++)
        {
            (ulong lba, uint blocks) = Descriptor(task.DataOut.Span, index);
            if (blocks == 0) continue;
            BlockStatus status = await GatedMedium.UnmapAsync(task.Unit, (long)lba * blockBytes, (long)blocks * blockBytes);
            if (!MediumOutcome.Write(task, status, (long)lba)) return;
        }
    }

    private static bool Check(ScsiTask task, out int descriptors)
    {
        descriptors = 0;
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < HeaderBytes) return task.Fail(SenseCodes.ParameterListLengthError);
        int dataLength = BinaryPrimitives.ReadUInt16BigEndian(list[2..]);
        // Descriptors that are not all in the list are an error or ignored (SBC-3 5.30.2); what was never sent is not guessed.
        descriptors = dataLength / DescriptorBytes;
        if (HeaderBytes + (descriptors * DescriptorBytes) > list.Length) return task.Fail(SenseCodes.ParameterListLengthError);
        if (descriptors > UnitLimits.MaxUnmapDescriptors) return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(2));
        ulong capacity = (ulong)task.Unit!.Blocks;
        for (int index = 0; index < descriptors; index++)
        {
            (ulong lba, uint blocks) = Descriptor(list, index);
            if (lba > capacity || blocks > capacity - lba)
                return task.Fail(SenseCodes.LogicalBlockAddressOutOfRange.AtParameter(HeaderBytes + (index * DescriptorBytes)));
        }

        return true;
    }

    private static (ulong Lba, uint Blocks) Descriptor(ReadOnlySpan<byte> list, int index)
    {
        ReadOnlySpan<byte> descriptor = list.Slice(HeaderBytes + (index * DescriptorBytes), DescriptorBytes);
        return (BinaryPrimitives.ReadUInt64BigEndian(descriptor), BinaryPrimitives.ReadUInt32BigEndian(descriptor[8..]));
    }
}

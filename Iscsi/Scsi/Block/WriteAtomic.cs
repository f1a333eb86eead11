using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// WRITE ATOMIC(16) (SBC-4 5.38), where the medium promises writes that are never seen or left in part. No atomic boundary is offered.
/// </summary>
internal static class WriteAtomic
{
    private const int ForceUnitAccess = 0x08;
    private const int TransferLengthIndex = 12;

    public static readonly CommandDescriptor[] Rows =
    [
        new("WRITE ATOMIC(16)", "SBC-4 5.38", "9C 18 FF FF FF FF FF FF FF FF 00 00 FF FF 1F 00")
        {
            Direction = DataDirection.Out,
            Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
            Reservation = ReservationRule.Writes,
            Requires = UnitFeatures.AtomicWrites,
            Prepare = Prepare,
            Execute = ExecuteAsync,
        },
    ];

    private static bool Prepare(ScsiTask task)
    {
        ReadOnlySpan<byte> cdb = task.Cdb.Span;
        if (!BlockRange.Take(task, BinaryPrimitives.ReadUInt64BigEndian(cdb[2..]), BinaryPrimitives.ReadUInt16BigEndian(cdb[12..]))) return false;
        if (task.Blocks > task.Unit!.Limits.MaxAtomicBlocks) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(TransferLengthIndex));
        task.LengthBytes = (int)task.Blocks * task.Unit.BlockBytes;
        task.DataOutLengthBytes = task.LengthBytes;
        // Part of the payload is not the write that was to be all or nothing.
        return task.ExpectedDataTransferLength >= (uint)task.LengthBytes || task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(TransferLengthIndex));
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        if (task.LengthBytes == 0) return;
        if (task.DataOut.Length < task.LengthBytes)
        {
            task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(TransferLengthIndex));
            return;
        }

        LogicalUnit unit = task.Unit!;
        bool forced = !unit.Mode.WriteCache || (task.Cdb.Span[1] & ForceUnitAccess) != 0;
        await unit.AtomicWrites.EnterWriteAsync();
        try
        {
            MediumOutcome.Write(task, await GatedMedium.WriteAsync(unit, task.OffsetBytes, task.DataOut, forced), task.Lba);
        }
        finally
        {
            unit.AtomicWrites.ExitWrite();
        }
    }
}

using System.Buffers;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// COMPARE AND WRITE (SBC-3 5.2): compares the first half of the payload with the medium and, only where all is equal, writes the second
/// half. Nothing else writes to the unit meanwhile, whatever path it comes by.
/// </summary>
internal static class CompareAndWrite
{
    private const int ForceUnitAccess = 0x08;
    private const int NumberOfBlocksIndex = 13;

    public static readonly CommandDescriptor[] Rows =
    [
        new("COMPARE AND WRITE", "SBC-3 5.2", "89 18 FF FF FF FF FF FF FF FF 00 00 00 FF 1F 00")
        {
            Direction = DataDirection.Out,
            Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
            Reservation = ReservationRule.Writes,
            Prepare = Prepare,
            Execute = ExecuteAsync,
        },
    ];

    private static bool Prepare(ScsiTask task)
    {
        // Every NUMBER OF LOGICAL BLOCKS that fits the byte is within UnitLimits.MaxCompareAndWriteBlocks.
        if (!BlockRange.Take(task)) return false;
        task.LengthBytes = (int)task.Blocks * task.Unit!.BlockBytes;
        task.DataOutLengthBytes = 2 * task.LengthBytes;
        // A payload of another size than the CDB says cannot be halved, so nothing of it is compared or written.
        if (task.ExpectedDataTransferLength != (uint)task.DataOutLengthBytes)
            return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(NumberOfBlocksIndex));
        return true;
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        if (task.LengthBytes == 0) return;
        LogicalUnit unit = task.Unit!;
        bool forced = !unit.Mode.WriteCache || (task.Cdb.Span[1] & ForceUnitAccess) != 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(task.LengthBytes);
        await unit.Gate.EnterExclusiveAsync();
        try
        {
            Memory<byte> medium = buffer.AsMemory(0, task.LengthBytes);
            if (!MediumOutcome.Read(task, await unit.Medium.ReadAsync(task.OffsetBytes, medium), task.Lba)) return;
            if (!VerifyCommands.Compare(task, task.DataOut.Span[..task.LengthBytes], medium.Span, 0)) return;
            unit.Rods.Changing(task.OffsetBytes, task.LengthBytes);
            MediumOutcome.Write(task, await unit.Medium.WriteAsync(task.OffsetBytes, task.DataOut[task.LengthBytes..], forced), task.Lba);
        }
        finally
        {
            unit.Gate.ExitExclusive();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

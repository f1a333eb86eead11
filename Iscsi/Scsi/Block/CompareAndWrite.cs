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
    private const int NumberOfBlocksIndex = 13;

    public static readonly CommandDescriptor[] Rows =
    [
        ExclusiveWrite.Row(
            "COMPARE AND WRITE", "SBC-3 5.2", "89 18 FF FF FF FF FF FF FF FF 00 00 00 FF 1F 00", Prepare,
            task => ExclusiveWrite.RunAsync(task, task.LengthBytes, Decide)),
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

    private static ReadOnlyMemory<byte>? Decide(ScsiTask task, Memory<byte> medium)
    {
        if (!VerifyCommands.Compare(task, task.DataOut.Span[..task.LengthBytes], medium.Span, 0)) return null;
        return task.DataOut[task.LengthBytes..];
    }
}

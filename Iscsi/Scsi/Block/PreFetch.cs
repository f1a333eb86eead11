using System.Buffers;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// PRE-FETCH(10), (16): SBC-3 5.6. Reads up to one piece (1 MiB) so that the medium has it at hand: CONDITION MET where that was all of
/// the range, GOOD where the range is longer.
/// </summary>
internal static class PreFetch
{
    private const int Immediate = 0x02;

    public static readonly CommandDescriptor[] Rows =
    [
        Row("PRE-FETCH(10)", "SBC-3 5.6", "34 02 FF FF FF FF 1F FF FF 00"),
        Row("PRE-FETCH(16)", "SBC-3 5.6", "90 02 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00"),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask) => new(name, clause, mask)
    {
        Flags = CommandFlags.NeedsMedium,
        Reservation = ReservationRule.Reads,
        Prepare = BlockRange.Take,
        Execute = ExecuteAsync,
    };

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        long lengthBytes = (task.Blocks == 0 ? unit.Blocks - task.Lba : task.Blocks) * unit.BlockBytes;
        int piece = (int)Math.Min(lengthBytes, UnitLimits.PieceBytes);
        ValueTask<BlockStatus> read = ReadAsync(unit.Medium, task.OffsetBytes, piece);
        if ((task.Cdb.Span[1] & Immediate) != 0 && !read.IsCompletedSuccessfully)
            _ = read.AsTask();
        else if (!MediumOutcome.Read(task, await read, task.Lba))
            return;
        if (piece == lengthBytes) task.Status = ScsiStatus.ConditionMet;
    }

    private static async ValueTask<BlockStatus> ReadAsync(IBlockDevice medium, long offsetBytes, int lengthBytes)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            return await medium.ReadAsync(offsetBytes, buffer.AsMemory(0, lengthBytes));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

using System.Buffers;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>WRITE AND VERIFY(10), (12), (16): SBC-3 5.36 to 5.38. Written through to the medium, then read back.</summary>
internal static class WriteAndVerify
{
    public static readonly CommandDescriptor[] Rows =
    [
        Row("WRITE AND VERIFY(10)", "SBC-3 5.36", "2E 16 FF FF FF FF 1F FF FF 00"),
        Row("WRITE AND VERIFY(12)", "SBC-3 5.37", "AE 16 FF FF FF FF FF FF FF FF 1F 00"),
        Row("WRITE AND VERIFY(16)", "SBC-3 5.38", "8E 16 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00"),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask) => new(name, clause, mask)
    {
        Direction = DataDirection.Out,
        Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
        Reservation = ReservationRule.Writes,
        Prepare = Prepare,
        Execute = ExecuteAsync,
    };

    private static bool Prepare(ScsiTask task)
    {
        if ((task.Cdb.Span[1] & VerifyCommands.ByteCheckMask) >> 1 > 1) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 2));
        if (!BlockRange.TakePayload(task)) return false;
        task.DataOutLengthBytes = task.LengthBytes;
        return true;
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        int lengthBytes = task.DataOut.Length - (task.DataOut.Length % task.Unit!.BlockBytes);
        if (lengthBytes == 0) return;
        Memory<byte> payload = task.DataOut[..lengthBytes];
        if (!MediumOutcome.Write(task, await GatedMedium.WriteAsync(task.Unit, task.OffsetBytes, payload, true), task.Lba)) return;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        try
        {
            Memory<byte> written = buffer.AsMemory(0, lengthBytes);
            if (!MediumOutcome.Read(task, await task.Unit.Medium.ReadAsync(task.OffsetBytes, written), task.Lba)) return;
            // BYTCHK=0 asks only that the blocks can be read; a concurrent writer may have changed them since.
            if ((task.Cdb.Span[1] & VerifyCommands.ByteCheckMask) != 0) VerifyCommands.Compare(task, payload.Span, written.Span, 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

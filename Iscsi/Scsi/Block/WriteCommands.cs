using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>WRITE(6), WRITE(10), WRITE(12), WRITE(16): SBC-3 5.31 to 5.34. Hot path.</summary>
internal static class WriteCommands
{
    private const int ForceUnitAccess = 0x08;

    public static readonly CommandDescriptor[] Rows =
    [
        Row("WRITE(6)", "SBC-3 5.31", "0A 1F FF FF FF 00"),
        Row("WRITE(10)", "SBC-3 5.32", "2A 18 FF FF FF FF 1F FF FF 00"),
        Row("WRITE(12)", "SBC-3 5.33", "AA 18 FF FF FF FF FF FF FF FF 1F 00"),
        Row("WRITE(16)", "SBC-3 5.34", "8A 18 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00"),
    ];

    /// <summary>True where the write must be on the medium before it is answered: FUA, or no write cache (SBC-3 4.15).</summary>
    public static bool Forced(ScsiTask task) =>
        !task.Unit!.Mode.WriteCache || (task.Cdb.OperationCode != 0x0A && (task.Cdb.Span[1] & ForceUnitAccess) != 0);

    private static CommandDescriptor Row(string name, string clause, string mask) => new(name, clause, mask)
    {
        Direction = DataDirection.Out,
        Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
        Reservation = ReservationRule.Writes,
        Prepare = Prepare,
        Execute = Execute,
    };

    private static bool Prepare(ScsiTask task)
    {
        if (!BlockRange.TakePayload(task)) return false;
        task.DataOutLengthBytes = task.LengthBytes;
        task.Medium = task.Unit!.Medium;
        task.Latency = task.Itl!.Transfers.Write(task.Blocks);
        if (task.LengthBytes > 0 && !Forced(task)) task.Access = BlockAccess.Write;
        return true;
    }

    private static ValueTask Execute(ScsiTask task)
    {
        // A host that expects to send less than the CDB says writes the whole blocks of what it sent; the rest is residual.
        int lengthBytes = task.DataOut.Length - (task.DataOut.Length % task.Unit!.BlockBytes);
        if (lengthBytes == 0) return ValueTask.CompletedTask;
        ReadOnlyMemory<byte> payload = task.DataOut[..lengthBytes];
        if (!task.Unit.Gate.TryEnterShared()) return CompleteAsync(task, GatedMedium.WriteAsync(task.Unit, task.OffsetBytes, payload, Forced(task)));
        ValueTask<BlockStatus> write = GatedMedium.WriteEnteredAsync(task.Unit, task.OffsetBytes, payload, Forced(task));
        if (!write.IsCompletedSuccessfully) return CompleteAsync(task, write);
        MediumOutcome.Write(task, write.GetAwaiter().GetResult(), task.Lba);
        return ValueTask.CompletedTask;
    }

    private static async ValueTask CompleteAsync(ScsiTask task, ValueTask<BlockStatus> write) =>
        MediumOutcome.Write(task, await write, task.Lba);
}

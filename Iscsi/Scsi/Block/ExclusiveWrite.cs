using System.Buffers;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// Says from the payload of a task and what the medium has what is to be written; null where the task has ended. May change <paramref name="medium"/>.
/// </summary>
internal delegate ReadOnlyMemory<byte>? DecideWrite(ScsiTask task, Memory<byte> medium);

/// <summary>
/// What COMPARE AND WRITE and ORWRITE have in common: a read and a write of the same range with nothing else writing to the unit between them, whatever
/// path it comes by.
/// </summary>
internal static class ExclusiveWrite
{
    private const int ForceUnitAccess = 0x08;

    /// <summary>The row of such a command.</summary>
    public static CommandDescriptor Row(string name, string clause, string mask, PrepareCommand prepare, ExecuteCommand execute) => new(name, clause, mask)
    {
        Direction = DataDirection.Out,
        Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
        Reservation = ReservationRule.Writes,
        Prepare = prepare,
        Execute = execute,
    };

    /// <summary>Runs it on <paramref name="lengthBytes"/> from the task's offset on.</summary>
    public static async ValueTask RunAsync(ScsiTask task, int lengthBytes, DecideWrite decide)
    {
        if (lengthBytes == 0) return;
        LogicalUnit unit = task.Unit!;
        bool forced = !unit.Mode.WriteCache || (task.Cdb.Span[1] & ForceUnitAccess) != 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        await unit.Gate.EnterExclusiveAsync();
        try
        {
            Memory<byte> medium = buffer.AsMemory(0, lengthBytes);
            if (!MediumOutcome.Read(task, await unit.Medium.ReadAsync(task.OffsetBytes, medium), task.Lba)) return;
            if (decide(task, medium) is not { } payload) return;
            unit.Rods.Changing(task.OffsetBytes, lengthBytes);
            MediumOutcome.Write(task, await unit.Medium.WriteAsync(task.OffsetBytes, payload, forced), task.Lba);
        }
        finally
        {
            unit.Gate.ExitExclusive();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

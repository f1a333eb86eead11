using System.Buffers;
using System.Runtime.InteropServices;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>ORWRITE(16) (SBC-3 5.5): writes the OR of payload and medium; exclusive, so that no write in between is lost.</summary>
internal static class OrWrite
{
    private const int ForceUnitAccess = 0x08;

    public static readonly CommandDescriptor[] Rows =
    [
        new("ORWRITE(16)", "SBC-3 5.5", "8B 18 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00")
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
        if (!BlockRange.TakePayload(task)) return false;
        task.DataOutLengthBytes = task.LengthBytes;
        return true;
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        int lengthBytes = task.DataOut.Length - (task.DataOut.Length % unit.BlockBytes);
        if (lengthBytes == 0) return;
        bool forced = !unit.Mode.WriteCache || (task.Cdb.Span[1] & ForceUnitAccess) != 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(lengthBytes);
        await unit.Gate.EnterExclusiveAsync();
        try
        {
            Memory<byte> medium = buffer.AsMemory(0, lengthBytes);
            if (!MediumOutcome.Read(task, await unit.Medium.ReadAsync(task.OffsetBytes, medium), task.Lba)) return;
            Or(medium.Span, task.DataOut.Span[..lengthBytes]);
            unit.Rods.Changing(task.OffsetBytes, lengthBytes);
            MediumOutcome.Write(task, await unit.Medium.WriteAsync(task.OffsetBytes, medium, forced), task.Lba);
        }
        finally
        {
            unit.Gate.ExitExclusive();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Both are whole blocks, so their length is a multiple of eight.</summary>
    private static void Or(Span<byte> target, ReadOnlySpan<byte> source)
    {
        Span<ulong> targetWords = MemoryMarshal.Cast<byte, ulong>(target);
        ReadOnlySpan<ulong> sourceWords = MemoryMarshal.Cast<byte, ulong>(source);
        for (int index = 0; index < targetWords.Length; index++) targetWords[index] |= sourceWords[index];
    }
}

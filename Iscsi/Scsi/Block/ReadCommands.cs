using System.Buffers;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>READ(6), READ(10), READ(12), READ(16): SBC-3 5.7 to 5.10. Hot path.</summary>
internal static class ReadCommands
{
    private const int ForceUnitAccess = 0x08;

    public static readonly CommandDescriptor[] Rows =
    [
        Row("READ(6)", "SBC-3 5.7", "08 1F FF FF FF 00"),
        Row("READ(10)", "SBC-3 5.8", "28 18 FF FF FF FF 1F FF FF 00"),
        Row("READ(12)", "SBC-3 5.9", "A8 18 FF FF FF FF FF FF FF FF 1F 00"),
        Row("READ(16)", "SBC-3 5.10", "88 18 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00"),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask) => new(name, clause, mask)
    {
        Direction = DataDirection.In,
        Flags = CommandFlags.NeedsMedium,
        Reservation = ReservationRule.Reads,
        Prepare = Prepare,
        Execute = Execute,
    };

    private static bool Prepare(ScsiTask task)
    {
        if (!BlockRange.TakePayload(task)) return false;
        task.DataInLengthMaxBytes = task.LengthBytes;
        task.Medium = task.Unit!.Medium;
        task.Latency = task.Itl!.Transfers.Read(task.Blocks);
        if (task.LengthBytes > 0 && !Forced(task) && !MeetsAtomicWrites(task)) task.Access = BlockAccess.Read;
        return true;
    }

    private static ValueTask Execute(ScsiTask task)
    {
        if (task.LengthBytes == 0) return ValueTask.CompletedTask;
        if (MeetsAtomicWrites(task)) return ExecuteApartAsync(task);
        if (task.DataIn.Length != task.LengthBytes || (Forced(task) && task.Unit!.Mode.WriteCache)) return ThenLookAsync(task, ExecuteOddAsync(task));
        ValueTask<BlockStatus> read = task.Medium!.ReadAsync(task.OffsetBytes, task.DataIn);
        if (!read.IsCompletedSuccessfully) return ThenLookAsync(task, CompleteAsync(task, read));
        Complete(task, read.GetAwaiter().GetResult());
        if (MeetsAtomicWrites(task)) task.Fail(ScsiStatus.Busy);
        return ValueTask.CompletedTask;
    }

    private static bool MeetsAtomicWrites(ScsiTask task) => task.Unit!.AtomicWrites.Used && AtomicWrites.CanTear(task);

    private static async ValueTask CompleteAsync(ScsiTask task, ValueTask<BlockStatus> read) => Complete(task, await read);

    /// <summary>A read during which the first WRITE ATOMIC of the unit came may show a part of it: the host has to ask again.</summary>
    private static async ValueTask ThenLookAsync(ScsiTask task, ValueTask read)
    {
        await read;
        if (MeetsAtomicWrites(task)) task.Fail(ScsiStatus.Busy);
    }

    /// <summary>A read while no WRITE ATOMIC is under way.</summary>
    private static async ValueTask ExecuteApartAsync(ScsiTask task)
    {
        if (task.MissedAtomicWrite)
        {
            task.Fail(ScsiStatus.Busy);
            return;
        }

        AtomicWrites atomic = task.Unit!.AtomicWrites;
        await atomic.EnterReadAsync();
        try
        {
            await ExecuteOddAsync(task);
        }
        finally
        {
            atomic.ExitRead();
        }
    }

    private static void Complete(ScsiTask task, BlockStatus status)
    {
        if (MediumOutcome.Read(task, status, task.Lba)) task.DataInLengthBytes = task.LengthBytes;
    }

    /// <summary>
    /// A read with FUA, which must not show what a loss of power could take back, so the cache is written first (SBC-3 4.15); or one
    /// whose host expects less than it asks for, so that the room is not a number of blocks.
    /// </summary>
    private static async ValueTask ExecuteOddAsync(ScsiTask task)
    {
        if (Forced(task) && !MediumOutcome.Read(task, await task.Medium!.FlushAsync(), task.Lba)) return;
        if (task.DataIn.Length == task.LengthBytes)
        {
            Complete(task, await task.Medium!.ReadAsync(task.OffsetBytes, task.DataIn));
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(task.LengthBytes);
        try
        {
            Memory<byte> whole = buffer.AsMemory(0, task.LengthBytes);
            Complete(task, await task.Medium!.ReadAsync(task.OffsetBytes, whole));
            if (task.Status == ScsiStatus.Good) whole[..task.DataIn.Length].CopyTo(task.DataIn);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool Forced(ScsiTask task) =>
        task.Cdb.OperationCode != 0x08 && (task.Cdb.Span[1] & ForceUnitAccess) != 0;
}

using System.Buffers;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>VERIFY(10), (12), (16): SBC-3 5.27 to 5.29.</summary>
internal static class VerifyCommands
{
    /// <summary>BYTCHK, bits 2..1 of byte 1.</summary>
    public const int ByteCheckMask = 0x06;

    /// <summary>BYTCHK 00b: no payload; 01b: each block is compared; 11b: all blocks are compared with one; 10b is reserved.</summary>
    private enum ByteCheck
    {
        MediumOnly = 0,
        Compare = 1,
        Reserved = 2,
        CompareOne = 3,
    }

    public static readonly CommandDescriptor[] Rows =
    [
        Row("VERIFY(10)", "SBC-3 5.27", "2F 16 FF FF FF FF 1F FF FF 00"),
        Row("VERIFY(12)", "SBC-3 5.28", "AF 16 FF FF FF FF FF FF FF FF 1F 00"),
        Row("VERIFY(16)", "SBC-3 5.29", "8F 16 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00"),
    ];

    /// <summary>
    /// Compares payload and medium; a difference ends the task with its byte offset in INFORMATION (SBC-3 4.23.1). True where equal.
    /// </summary>
    public static bool Compare(ScsiTask task, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> medium, long offsetBytes)
    {
        int equal = payload.CommonPrefixLength(medium);
        return equal == payload.Length || task.Fail(SenseCodes.MiscompareDuringVerify.With((ulong)(offsetBytes + equal)));
    }

    private static CommandDescriptor Row(string name, string clause, string mask) => new(name, clause, mask)
    {
        Direction = DataDirection.Out,
        Flags = CommandFlags.NeedsMedium,
        Reservation = ReservationRule.Reads,
        RecommendedSeconds = 120,
        Prepare = Prepare,
        Execute = ExecuteAsync,
    };

    private static ByteCheck Check(ScsiTask task) => (ByteCheck)((task.Cdb.Span[1] & ByteCheckMask) >> 1);

    private static bool Prepare(ScsiTask task)
    {
        switch (Check(task))
        {
            case ByteCheck.MediumOnly:
                task.Direction = DataDirection.None;
                return BlockRange.Take(task);
            case ByteCheck.Compare:
                if (!BlockRange.TakePayload(task)) return false;
                task.DataOutLengthBytes = task.LengthBytes;
                return true;
            case ByteCheck.CompareOne:
                if (!BlockRange.Take(task)) return false;
                task.DataOutLengthBytes = task.Blocks == 0 ? 0 : task.Unit!.BlockBytes;
                return true;
            default:
                return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 2));
        }
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        int blockBytes = task.Unit!.BlockBytes;
        long lengthBytes = task.Blocks * blockBytes;
        ByteCheck check = Check(task);
        if (check == ByteCheck.Compare) lengthBytes = task.DataOut.Length - (task.DataOut.Length % blockBytes);
        if (check == ByteCheck.CompareOne && task.DataOut.Length < blockBytes) lengthBytes = 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(UnitLimits.PieceBytes);
        try
        {
            for (long done = 0; done < lengthBytes && !task.Aborted;)
            {
                int piece = (int)Math.Min(UnitLimits.PieceBytes, lengthBytes - done);
                Memory<byte> medium = buffer.AsMemory(0, piece);
                long offsetBytes = task.OffsetBytes + done;
                if (check == ByteCheck.MediumOnly)
                {
                    // What is not mapped cannot be damaged; skipping it makes VERIFY of a thin medium as fast as its data is small.
                    (bool mapped, long run) = await task.Unit.Medium.GetExtentAsync(offsetBytes, lengthBytes - done);
                    if (!mapped)
                    {
                        done += run;
                        continue;
                    }
                }

                BlockStatus status = await task.Unit.Medium.ReadAsync(offsetBytes, medium);
                if (!MediumOutcome.Read(task, status, task.Lba + (done / blockBytes))) return;
                if (check == ByteCheck.Compare && !Compare(task, task.DataOut.Span.Slice((int)done, piece), medium.Span, done)) return;
                if (check == ByteCheck.CompareOne && !CompareOne(task, medium.Span, done)) return;
                done += piece;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool CompareOne(ScsiTask task, ReadOnlySpan<byte> medium, long offsetBytes)
    {
        int blockBytes = task.Unit!.BlockBytes;
        for (int at = 0; at < medium.Length; at += blockBytes)
            if (!Compare(task, task.DataOut.Span[..blockBytes], medium.Slice(at, blockBytes), offsetBytes + at)) return false;
        return true;
    }
}

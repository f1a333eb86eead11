using System.Buffers;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// WRITE SAME(10), (16): SBC-3 5.40, 5.41. A block of zeros gives its range back to a thin medium, with or without UNMAP, because unmapped
/// blocks read as zeros (LBPRZ); any other block is written, as what is read afterwards must be what was sent. ANCHOR is not offered. NUMBER OF LOGICAL BLOCKS 0 is
/// refused (WSNZ=1) unless the options of the unit say that it means the rest of the medium.
/// </summary>
internal static class WriteSame
{
    private const int UnmapBit = 0x08;
    private const int NoDataOut = 0x01;
    private const byte WriteSame16 = 0x93;

    public static readonly CommandDescriptor[] Rows =
    [
        Row("WRITE SAME(10)", "SBC-3 5.40", "41 08 FF FF FF FF 1F FF FF 00"),
        Row("WRITE SAME(16)", "SBC-3 5.41", "93 09 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00"),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask) => new(name, clause, mask)
    {
        Direction = DataDirection.Out,
        Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
        Reservation = ReservationRule.Writes,
        NominalSeconds = 5,
        RecommendedSeconds = 300,
        Prepare = Prepare,
        Execute = ExecuteAsync,
    };

    private static bool Prepare(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        if ((task.Cdb.Span[1] & UnmapBit) != 0 && (unit.Features & UnitFeatures.Thin) == 0)
            return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 3));
        if (!BlockRange.Take(task)) return false;
        if (task.Blocks == 0 && unit.Options.WriteSameToEnd) task.Blocks = unit.Blocks - task.Lba;
        if (task.Blocks is 0 or > UnitLimits.MaxWriteSameBlocks) return BlockRange.FailLength(task);
        if (HasNoDataOut(task))
        {
            task.Direction = DataDirection.None;
            return true;
        }

        task.DataOutLengthBytes = unit.BlockBytes;
        // Not one block: whatever was meant, repeating it would write what the host does not expect.
        return task.ExpectedDataTransferLength == (uint)unit.BlockBytes || BlockRange.FailLength(task);
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        bool zeros = HasNoDataOut(task) || !task.DataOut.Span.ContainsAnyExcept((byte)0);
        long lengthBytes = task.Blocks * unit.BlockBytes;
        if (zeros && (unit.Features & UnitFeatures.Thin) != 0)
        {
            MediumOutcome.Write(task, await GatedMedium.UnmapAsync(unit, task.OffsetBytes, lengthBytes), task.Lba);
            return;
        }

        int pieceBytes = (int)Math.Min(lengthBytes, UnitLimits.PieceBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(pieceBytes);
        try
        {
            Memory<byte> pattern = buffer.AsMemory(0, pieceBytes);
            Fill(pattern.Span, zeros ? [] : task.DataOut.Span);
            for (long done = 0; done < lengthBytes && !task.Aborted; done += pieceBytes)
            {
                Memory<byte> piece = pattern[..(int)Math.Min(pieceBytes, lengthBytes - done)];
                BlockStatus status = await GatedMedium.WriteAsync(unit, task.OffsetBytes + done, piece, !unit.Mode.WriteCache);
                if (!MediumOutcome.Write(task, status, task.Lba + (done / unit.BlockBytes))) return;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool HasNoDataOut(ScsiTask task) => task.Cdb.OperationCode == WriteSame16 && (task.Cdb.Span[1] & NoDataOut) != 0;

    private static void Fill(Span<byte> target, ReadOnlySpan<byte> block)
    {
        if (block.IsEmpty)
        {
            target.Clear();
            return;
        }

        for (int at = 0; at < target.Length; at += block.Length) block.CopyTo(target[at..]);
    }
}

using System.Buffers;
using Lunaria.Iscsi.Scsi.Block;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// Copies a range between media in pieces: what is not mapped at the source is unmapped at the destination, everything else is read and
/// written. Overlapping ranges of one medium are copied from the side that is not overwritten first.
/// </summary>
internal static class BlockCopy
{
    /// <summary>Copies; the outcome of the first piece that fails, or Ok.</summary>
    public static async ValueTask<BlockStatus> CopyAsync(
        ScsiTask task, LogicalUnit source, long sourceOffset, LogicalUnit destination, long destinationOffset, long lengthBytes)
    {
        bool backwards = source == destination && destinationOffset > sourceOffset && destinationOffset < sourceOffset + lengthBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(UnitLimits.PieceBytes);
        try
        {
            for (long done = 0; done < lengthBytes && !task.Aborted;)
            {
                int piece = (int)Math.Min(UnitLimits.PieceBytes, lengthBytes - done);
                long at = backwards ? lengthBytes - done - piece : done;
                BlockStatus status = await CopyPieceAsync(source, sourceOffset + at, destination, destinationOffset + at, buffer.AsMemory(0, piece));
                if (status != BlockStatus.Ok) return status;
                done += piece;
            }

            return BlockStatus.Ok;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<BlockStatus> CopyPieceAsync(
        LogicalUnit source, long sourceOffset, LogicalUnit destination, long destinationOffset, Memory<byte> buffer)
    {
        (bool mapped, long run) = await source.Medium.GetExtentAsync(sourceOffset, buffer.Length);
        if (!mapped && run >= buffer.Length && destination.Medium.Thin.Supported)
            return await GatedMedium.UnmapAsync(destination, destinationOffset, buffer.Length);
        BlockStatus status = await source.Medium.ReadAsync(sourceOffset, buffer);
        if (status != BlockStatus.Ok) return status;
        return await GatedMedium.WriteAsync(destination, destinationOffset, buffer, !destination.Mode.WriteCache);
    }
}

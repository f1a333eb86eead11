using System.Buffers;
using Lunaria.Iscsi.Scsi.Block;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// Copies a range between media: by reference where the media can, in whole physical blocks where both sides are aligned alike; else what is not mapped at the
/// source is unmapped at the destination and everything else is read and written in pieces. Overlapping ranges of one medium are copied from the side that is not overwritten first.
/// </summary>
internal static class BlockCopy
{
    /// <summary>Longest range that is cloned or unmapped at once, bytes: between two of them others get in, and the copy can be aborted.</summary>
    private const long StepBytes = 128L << 20;

    /// <summary>Copies; the outcome of the first piece that fails, or Ok, also where the operation was aborted before its end.</summary>
    public static async ValueTask<BlockStatus> CopyAsync(
        CopyOperation operation, ScsiTask? task, LogicalUnit source, long sourceOffset, LogicalUnit destination, long destinationOffset, long lengthBytes)
    {
        bool overlaps = source == destination
            && new MediumRange(sourceOffset, lengthBytes).Overlaps(new MediumRange(destinationOffset, lengthBytes));
        long blockBytes = destination.Medium.Geometry.PhysicalBlockBytes, done = 0;
        bool clones = !overlaps && (sourceOffset - destinationOffset) % blockBytes == 0;
        if (clones && sourceOffset % blockBytes != 0)
        {
            done = Math.Min(lengthBytes, blockBytes - (sourceOffset % blockBytes));
            BlockStatus status = await MoveAsync(operation, task, source, sourceOffset, destination, destinationOffset, done, backwards: false);
            if (status != BlockStatus.Ok) return status;
        }

        if (clones) await source.Medium.PrepareCloneAsync(sourceOffset + done, (lengthBytes - done) / blockBytes * blockBytes);
        while (clones && lengthBytes - done >= blockBytes && !IsEnded(operation, task))
        {
            long step = Math.Min(StepBytes, (lengthBytes - done) / blockBytes * blockBytes);
            BlockStatus status = await GatedMedium.CloneAsync(source, sourceOffset + done, destination, destinationOffset + done, step);
            clones = status != BlockStatus.NotSupported;
            if (!clones) break;
            if (status != BlockStatus.Ok) return status;
            done += step;
        }

        if (done == lengthBytes || IsEnded(operation, task)) return BlockStatus.Ok;
        bool backwards = overlaps && destinationOffset > sourceOffset;
        return await MoveAsync(operation, task, source, sourceOffset + done, destination, destinationOffset + done, lengthBytes - done, backwards);
    }

    /// <summary>Makes a range read as zeros.</summary>
    public static async ValueTask<BlockStatus> ZeroAsync(LogicalUnit unit, long offsetBytes, long lengthBytes)
    {
        if (unit.Medium.Thin.Supported) return await GatedMedium.UnmapAsync(unit, offsetBytes, lengthBytes);
        byte[] zeros = new byte[Math.Min(lengthBytes, UnitLimits.PieceBytes)];
        for (long done = 0; done < lengthBytes; done += zeros.Length)
        {
            Memory<byte> piece = zeros.AsMemory(0, (int)Math.Min(zeros.Length, lengthBytes - done));
            BlockStatus status = await GatedMedium.WriteAsync(unit, offsetBytes + done, piece, !unit.Mode.WriteCache);
            if (status != BlockStatus.Ok) return status;
        }

        return BlockStatus.Ok;
    }

    private static bool IsEnded(CopyOperation operation, ScsiTask? task) => operation.Aborted || task?.Aborted == true;

    private static async ValueTask<BlockStatus> MoveAsync(
        CopyOperation operation, ScsiTask? task, LogicalUnit source, long sourceOffset, LogicalUnit destination, long destinationOffset, long lengthBytes, bool backwards)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(UnitLimits.PieceBytes);
        try
        {
            for (long done = 0; done < lengthBytes && !IsEnded(operation, task);)
            {
                long piece = Math.Min(UnitLimits.PieceBytes, lengthBytes - done);
                long at = backwards ? lengthBytes - done - piece : done;
                bool holes = destination.Medium.Thin.Supported;
                (bool mapped, long run) = holes
                    ? await source.Medium.GetExtentAsync(sourceOffset + at, backwards ? piece : Math.Min(StepBytes, lengthBytes - done))
                    : (true, piece);
                BlockStatus status;
                if (!mapped && run >= piece)
                {
                    piece = backwards ? piece : run;
                    status = await GatedMedium.UnmapAsync(destination, destinationOffset + at, piece);
                }
                else
                {
                    Memory<byte> data = buffer.AsMemory(0, (int)piece);
                    status = await source.Medium.ReadAsync(sourceOffset + at, data);
                    if (status == BlockStatus.Ok)
                        status = await GatedMedium.WriteAsync(destination, destinationOffset + at, data, !destination.Mode.WriteCache);
                }

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
}

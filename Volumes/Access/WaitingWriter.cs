using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Writes that may have to wait: for their turn under back-pressure, for room in the log, for a partial block's old content. Owned by the volume; any
/// thread.
/// </summary>
internal sealed class WaitingWriter(BlockReader reader, BlockWriter writer, EngineParts engine)
{
    private const int MaxMoves = 1000;

    // Any mix of zero and other blocks in it fits into one record.
    private readonly int _pieceBytes = Math.Min(BlockWriter.MaxBatchExtents, engine.Log.MaxRecordBlocks) * BlockGeometry.BlockBytes;

    /// <summary>Writes a range of any alignment in pieces; partial blocks at its ends by read-modify-write.</summary>
    public async ValueTask<VolumeStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool isPaced = true)
    {
        TimeSpan wait = engine.Pacer.Charge(source.Length, engine.Log.UsedBytes, engine.Log.CapacityBytes);
        if (isPaced && wait > TimeSpan.Zero)
            await Task.Delay(wait, engine.Time);
        try
        {
            while (source.Length > 0)
            {
                // One record for all of a piece, partial blocks included: a killed process leaves no half of a command that fits into one.
                int length = Math.Min(_pieceBytes - (int)(offsetBytes & (BlockGeometry.BlockBytes - 1)), source.Length);
                VolumeStatus status = BlockGeometry.IsAligned(offsetBytes, length)
                    ? await WriteWholeAsync(offsetBytes, source[..length])
                    : await WriteUnalignedAsync(offsetBytes, source[..length]);
                if (status != VolumeStatus.Ok)
                    return status;
                offsetBytes += length;
                source = source[length..];
            }
            return VolumeStatus.Ok;
        }
        catch (LogFencedException)
        {
            return VolumeStatus.ReadOnly;
        }
        catch (DiskFullException)
        {
            return VolumeStatus.OutOfSpace;
        }
    }

    /// <summary>Makes a range a hole; partial blocks at its ends are filled with zeros.</summary>
    public async ValueTask<VolumeStatus> UnmapAsync(long offsetBytes, long lengthBytes)
    {
        long end = offsetBytes + lengthBytes;
        long firstWhole = (offsetBytes + BlockGeometry.BlockBytes - 1) & -BlockGeometry.BlockBytes;
        long endWhole = end & -BlockGeometry.BlockBytes;
        if (firstWhole >= endWhole)
            return await ZeroAsync(offsetBytes, end);
        VolumeStatus status = await ZeroAsync(offsetBytes, firstWhole);
        if (status == VolumeStatus.Ok)
            status = await TrimAsync((ulong)firstWhole >> BlockGeometry.BlockShift, (ulong)(endWhole - firstWhole) >> BlockGeometry.BlockShift);
        return status == VolumeStatus.Ok ? await ZeroAsync(endWhole, end) : status;
    }

    private async ValueTask<VolumeStatus> ZeroAsync(long offsetBytes, long endBytes) =>
        endBytes > offsetBytes ? await WriteAsync(offsetBytes, new byte[endBytes - offsetBytes]) : VolumeStatus.Ok;

    private async ValueTask<VolumeStatus> TrimAsync(ulong startBlock, ulong lengthBlocks)
    {
        try
        {
            for (bool waited = false; !writer.TryTrim(startBlock, lengthBlocks, waited); waited = true)
                if (await WaitForRoomAsync(0, 1) is var status and not VolumeStatus.Ok)
                    return status;
            return VolumeStatus.Ok;
        }
        catch (LogFencedException)
        {
            return VolumeStatus.ReadOnly;
        }
        catch (DiskFullException)
        {
            return VolumeStatus.OutOfSpace;
        }
    }

    private async ValueTask<VolumeStatus> WriteWholeAsync(long offsetBytes, ReadOnlyMemory<byte> source)
    {
        for (bool waited = false; !writer.TryWrite([offsetBytes], [source], waited); waited = true)
            if (await WaitForRoomAsync(source.Length >> BlockGeometry.BlockShift, BlockWriter.MaxBatchExtents) is var status and not VolumeStatus.Ok)
                return status;
        return VolumeStatus.Ok;
    }

    /// <summary>Optimistic: what was read of the partial blocks is kept only if they are still in the same places when all is appended.</summary>
    private async ValueTask<VolumeStatus> WriteUnalignedAsync(long offsetBytes, ReadOnlyMemory<byte> source)
    {
        MergedWrite write = new(offsetBytes, source);
        bool waited = false;
        for (int move = 0; move < MaxMoves; move++)
        {
            VolumeStatus? status = await write.ReadOldAsync(reader);
            if (status is null)
                continue;
            if (status != VolumeStatus.Ok)
                return status.Value;
            if (writer.TryWriteIf(write, waited, out bool moved))
                return VolumeStatus.Ok;
            if (moved)
                continue;
            status = await WaitForRoomAsync((source.Length >> BlockGeometry.BlockShift) + 2, BlockWriter.MaxBatchExtents);
            if (status != VolumeStatus.Ok)
                return status.Value;
            waited = true;
        }
        return VolumeStatus.Unavailable;
    }

    /// <summary>Ok = there seems to be room for a record of this size; else why there will be none soon.</summary>
    public async ValueTask<VolumeStatus> WaitForRoomAsync(int payloadBlocks, int extentCount)
    {
        if (writer.IsClosed)
            return VolumeStatus.Unavailable;
        using CancellationTokenSource deadline = new(engine.Options.RoomWait, engine.Time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, engine.Health.NoRoomSoon);
        try
        {
            await engine.Log.WaitForRoomAsync(payloadBlocks, extentCount, end.Token);
            return VolumeStatus.Ok;
        }
        catch (OperationCanceledException)
        {
            return engine.Health.StatusOfFullLog;
        }
    }
}

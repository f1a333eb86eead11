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

    /// <summary>Writes a range of any alignment: whole blocks in pieces, partial blocks at its ends by read-modify-write.</summary>
    public async ValueTask<VolumeStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source)
    {
        TimeSpan wait = engine.Pacer.Charge(source.Length, engine.Log.UsedBytes, engine.Log.CapacityBytes);
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, engine.Time);
        try
        {
            while (source.Length > 0)
            {
                int within = (int)(offsetBytes & (BlockGeometry.BlockBytes - 1));
                int length = within != 0 || source.Length < BlockGeometry.BlockBytes
                    ? Math.Min(BlockGeometry.BlockBytes - within, source.Length)
                    : Math.Min(_pieceBytes, source.Length & ~(BlockGeometry.BlockBytes - 1));
                VolumeStatus status = length < BlockGeometry.BlockBytes
                    ? await WritePartialAsync((ulong)offsetBytes >> BlockGeometry.BlockShift, within, source[..length])
                    : await WriteWholeAsync(offsetBytes, source[..length]);
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

    /// <summary>Optimistic: what was read is kept only if the block is still in the same place when the merged block is appended.</summary>
    private async ValueTask<VolumeStatus> WritePartialAsync(ulong block, int within, ReadOnlyMemory<byte> source)
    {
        var runs = new BlockRun[1];
        var crcs = new uint[1];
        var content = new byte[BlockGeometry.BlockBytes];
        bool waited = false;
        for (int move = 0; move < MaxMoves; move++)
        {
            (VolumeStatus status, _) = await reader.ResolveAsync(block, 1, runs, crcs);
            if (status != VolumeStatus.Ok)
                return status;
            VolumeStatus? outcome = await reader.ReadRunAsync(block, runs[0], crcs, content);
            if (outcome is null)
                continue;
            if (outcome != VolumeStatus.Ok)
                return outcome.Value;
            source.Span.CopyTo(content.AsSpan(within));
            if (writer.TryWriteIf(block, content, runs[0], waited, out bool moved))
                return VolumeStatus.Ok;
            if (moved)
                continue;
            if ((status = await WaitForRoomAsync(1, 1)) != VolumeStatus.Ok)
                return status;
            waited = true;
        }
        return VolumeStatus.Unavailable;
    }

    private async ValueTask<VolumeStatus> WaitForRoomAsync(int payloadBlocks, int extentCount)
    {
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

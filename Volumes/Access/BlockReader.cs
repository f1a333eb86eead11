using System.Runtime.CompilerServices;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Reads whole blocks of one line from where they are, and checks each against its CRC32C. Owned by the line; any thread.
/// </summary>
internal sealed class BlockReader(
    OpenLine line, WriteLog log, SegmentStore segments, TimeProvider time, TimeSpan patience, ILogger logger)
{
    private const int RunsPerLookup = 32, BlocksPerLookup = 256;
    private const int MaxMoves = 1000;
    private const int Rereads = 8;

    private readonly ReadAhead _ahead = new(line, segments);

    /// <summary>Fills <paramref name="destination"/> without waiting for a medium; false = its content is undefined. Allocates nothing.</summary>
    [SkipLocalsInit]
    public bool TryRead(ulong block, Span<byte> destination)
    {
        Span<BlockRun> runs = stackalloc BlockRun[RunsPerLookup];
        Span<uint> crcs = stackalloc uint[BlocksPerLookup];
        while (destination.Length > 0)
        {
            int wanted = Math.Min(BlocksPerLookup, destination.Length >> BlockGeometry.BlockShift);
            if (!line.Index.TryResolve(block, wanted, runs, crcs, out int count))
                return false;
            Span<uint> runCrcs = crcs;
            foreach (ref readonly BlockRun run in runs[..count])
            {
                int lengthBytes = run.LengthBlocks << BlockGeometry.BlockShift;
                if (!TryReadRun(block, in run, runCrcs, destination[..lengthBytes]))
                    return false;
                destination = destination[lengthBytes..];
                runCrcs = runCrcs[run.LengthBlocks..];
                block += (ulong)run.LengthBlocks;
            }
        }
        return true;
    }

    /// <summary>Fills <paramref name="destination"/>, waiting for the medium.</summary>
    public async ValueTask<VolumeStatus> ReadAsync(ulong block, Memory<byte> destination)
    {
        var runs = new BlockRun[RunsPerLookup];
        var crcs = new uint[BlocksPerLookup];
        int moves = 0;
        while (destination.Length > 0)
        {
            (VolumeStatus status, int count) = await ResolveAsync(block, Math.Min(BlocksPerLookup, destination.Length >> BlockGeometry.BlockShift), runs, crcs);
            if (status != VolumeStatus.Ok)
                return status;
            int crcsAt = 0;
            for (int i = 0; i < count; i++)
            {
                int length = runs[i].LengthBlocks, lengthBytes = length << BlockGeometry.BlockShift;
                VolumeStatus? outcome = await ReadRunAsync(block, runs[i], crcs.AsMemory(crcsAt, length), destination[..lengthBytes]);
                if (outcome is null)
                {
                    if (++moves > MaxMoves)
                        return VolumeStatus.Unavailable;
                    break;
                }
                if (outcome != VolumeStatus.Ok)
                    return outcome.Value;
                destination = destination[lengthBytes..];
                block += (ulong)length;
                crcsAt += length;
            }
        }
        return VolumeStatus.Ok;
    }

    /// <summary>As <see cref="VolumeIndex.TryResolve"/>, loading leaves of the map where needed.</summary>
    public async ValueTask<(VolumeStatus Status, int Count)> ResolveAsync(ulong block, int maxBlocks, Memory<BlockRun> runs, Memory<uint> crcs)
    {
        for (int attempt = 0; attempt < MaxMoves; attempt++)
        {
            if (line.Index.TryResolve(block, maxBlocks, runs.Span, crcs.Span, out int count))
                return (VolumeStatus.Ok, count);
            if (line.Index.IsGone)
                return (VolumeStatus.Unavailable, 0);
            try
            {
                await line.Index.LoadAsync(block, maxBlocks);
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                VolumesLog.MapLeafUnreadable(logger, line.Name, block, e);
                return (VolumeStatus.MediumError, 0);
            }
        }
        return (VolumeStatus.Unavailable, 0);
    }

    /// <summary>Blocks of a range that are in the log; counts no further than a little over <paramref name="enough"/>.</summary>
    public async ValueTask<long> CountInLogAsync(ulong block, ulong lengthBlocks, long enough)
    {
        const int blocksPerLookup = 4096;
        var runs = new BlockRun[RunsPerLookup];
        var crcs = new uint[blocksPerLookup];
        long found = 0;
        for (ulong done = 0; done < lengthBlocks && found <= enough;)
        {
            (VolumeStatus status, int count) = await ResolveAsync(block + done, (int)Math.Min(blocksPerLookup, lengthBlocks - done), runs, crcs);
            if (status != VolumeStatus.Ok)
                return found;
            foreach (BlockRun run in runs.AsSpan(0, count))
            {
                found += run.Place == BlockPlace.Log ? run.LengthBlocks : 0;
                done += (ulong)run.LengthBlocks;
            }
        }
        return found;
    }

    /// <summary>
    /// Reads the blocks of one run from where it says they are. Null = they are not there any more: resolve again.
    /// </summary>
    public async ValueTask<VolumeStatus?> ReadRunAsync(ulong block, BlockRun run, ReadOnlyMemory<uint> crcs, Memory<byte> destination)
    {
        switch (run.Place)
        {
            case BlockPlace.Hole:
                destination.Span.Clear();
                return VolumeStatus.Ok;
            case BlockPlace.Log:
                return await ReadLogAsync(block, run, crcs, destination);
            default:
                return await ReadSegmentAsync(block, run, destination);
        }
    }

    private bool TryReadRun(ulong block, in BlockRun run, ReadOnlySpan<uint> crcs, Span<byte> destination)
    {
        switch (run.Place)
        {
            case BlockPlace.Hole:
                destination.Clear();
                return true;
            case BlockPlace.Log:
                return log.TryRead(run.Lsn, destination) && !log.IsReclaimed(run.Lsn) && FirstDamaged(crcs, destination) < 0;
            default:
                return TryReadSegment(block, in run, destination);
        }
    }

    private bool TryReadSegment(ulong block, in BlockRun run, Span<byte> destination)
    {
        if (segments.UsesWindows)
            _ahead.Observe(block, run.LengthBlocks);
        try
        {
            return segments.TryRead(run.Segment, run.FirstIndex, destination, line.Cache);
        }
        catch (SegmentCorruptException)
        {
            return false;
        }
    }

    private async ValueTask<VolumeStatus?> ReadLogAsync(ulong block, BlockRun run, ReadOnlyMemory<uint> crcs, Memory<byte> destination)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await log.ReadAsync(run.Lsn, destination);
            }
            catch (IOException e)
            {
                if (log.IsReclaimed(run.Lsn))
                    return null;
                VolumesLog.LogUnreadable(logger, line.Name, block, run.Lsn, e);
                return VolumeStatus.MediumError;
            }
            if (log.IsReclaimed(run.Lsn))
                return null;
            int damaged = FirstDamaged(crcs.Span, destination.Span);
            if (damaged < 0)
                return VolumeStatus.Ok;
            // A bit may have flipped on the way and not on the medium: it is read again.
            if (attempt <= Rereads)
                continue;
            VolumesLog.LogBlockDamaged(logger, line.Name, block + (ulong)damaged, run.Skip(damaged).Lsn);
            return VolumeStatus.MediumError;
        }
    }

    private async ValueTask<VolumeStatus?> ReadSegmentAsync(ulong block, BlockRun run, Memory<byte> destination)
    {
        long start = time.GetTimestamp();
        for ((int attempt, int damaged) = (0, 0); ;)
        {
            long attemptStart = time.GetTimestamp();
            try
            {
                await segments.ReadAsync(run.Segment, run.FirstIndex, destination, CancellationToken.None, line.Cache);
                return VolumeStatus.Ok;
            }
            catch (SegmentCorruptException) when (++damaged <= Rereads)
            {
                // A bit may have flipped on the way and not in the store: it is read again.
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry)
            {
                TimeSpan wait = BackOff.Delay(attempt++, time);
                // The next attempt may take as long as this one.
                if (time.GetElapsedTime(start) + wait + time.GetElapsedTime(attemptStart) > patience)
                {
                    VolumesLog.SegmentUnavailable(logger, line.Name, block, e);
                    return VolumeStatus.Unavailable;
                }
                await Task.Delay(wait, time);
            }
            catch (Exception e) when (e is ObjectStoreException or IOException)
            {
                // A segment without live blocks is deleted: whoever resolved before that looks again.
                if (!line.Index.IsAt(block, run with { LengthBlocks = 1 }))
                    return null;
                VolumesLog.SegmentUnreadable(logger, line.Name, block, e);
                return VolumeStatus.MediumError;
            }
        }
    }

    private static int FirstDamaged(ReadOnlySpan<uint> crcs, ReadOnlySpan<byte> blocks)
    {
        for (int i = 0; i < blocks.Length >> BlockGeometry.BlockShift; i++)
            if (Crc32C.Compute(blocks.Slice(i << BlockGeometry.BlockShift, BlockGeometry.BlockBytes)) != crcs[i])
                return i;
        return -1;
    }
}

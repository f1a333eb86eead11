using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Makes a range of one line the same as a range of another, or of itself: where the source's blocks are in segments, the destination names them, too; only what the
/// log still holds of the source is copied. Blocks that are written meanwhile, on either side, are the old or the new ones. Made for one range; one call.
/// </summary>
internal sealed class RangeCloner(OpenLine source, OpenLine destination, EngineParts engine, SegmentTable table)
{
    private const int BlocksPerLookup = 4096, RunsPerLookup = 64, MaxMoves = 1000;

    // Two extents each, in a record.
    private const int MaxRanges = WriteLog.MaxExtents / 2;

    private readonly List<SharedRange> _ranges = [];
    private readonly HashSet<SegmentId> _pinned = [];
    private readonly BlockRun[] _runs = new BlockRun[RunsPerLookup];
    private readonly uint[] _crcs = new uint[BlocksPerLookup];
    private byte[] _copy = [];

    /// <summary>Complete = the destination's range survives the death of this process. The two ranges do not overlap.</summary>
    public async ValueTask<VolumeStatus> RunAsync(ulong from, ulong to, ulong lengthBlocks)
    {
        try
        {
            int moves = 0;
            for (ulong done = 0; done < lengthBlocks;)
            {
                (VolumeStatus status, int count) = await source.Reader.ResolveAsync(
                    from + done, (int)Math.Min(BlocksPerLookup, lengthBlocks - done), _runs, _crcs);
                if (status != VolumeStatus.Ok)
                    return status;
                int crcsAt = 0;
                for (int i = 0; i < count; i++)
                {
                    BlockRun run = _runs[i];
                    VolumeStatus? outcome = await TakeAsync(from + done, to + done, run, _crcs.AsMemory(crcsAt, run.LengthBlocks));
                    if (outcome is null && ++moves <= MaxMoves)
                        break;
                    if (outcome != VolumeStatus.Ok)
                        return outcome ?? VolumeStatus.Unavailable;
                    done += (ulong)run.LengthBlocks;
                    crcsAt += run.LengthBlocks;
                }
            }
            return await AppendAsync();
        }
        catch (LogFencedException)
        {
            return VolumeStatus.ReadOnly;
        }
        catch (DiskFullException)
        {
            return VolumeStatus.OutOfSpace;
        }
        finally
        {
            engine.Pins.Unpin(_pinned);
        }
    }

    /// <summary>Null = the source's blocks are not there any more, or are better looked for again.</summary>
    private async ValueTask<VolumeStatus?> TakeAsync(ulong from, ulong to, BlockRun run, ReadOnlyMemory<uint> crcs)
    {
        if (run.Place == BlockPlace.Log)
            return await CopyAsync(from, to, run, crcs);
        if (_ranges.Count == MaxRanges && await AppendAsync() is var status and not VolumeStatus.Ok)
            return status;
        if (run.Place == BlockPlace.Segment && !_pinned.Contains(run.Segment))
        {
            if (!engine.Pins.TryPin(run.Segment))
                return null;
            _pinned.Add(run.Segment);
        }
        SegmentPlace place = run.Place == BlockPlace.Hole ? default : new(run.Segment, run.FirstIndex);
        ulong length = (ulong)run.LengthBlocks;
        if (_ranges.Count > 0 && _ranges[^1] is var last && last.EndBlock == to && last.GoesOnAt(place))
            _ranges[^1] = last with { LengthBlocks = last.LengthBlocks + length };
        else
            _ranges.Add(new(to, length, place));
        return VolumeStatus.Ok;
    }

    private async ValueTask<VolumeStatus?> CopyAsync(ulong from, ulong to, BlockRun run, ReadOnlyMemory<uint> crcs)
    {
        // In the order of the blocks, so that a clone that is cut short has a beginning.
        if (await AppendAsync() is var status and not VolumeStatus.Ok)
            return status;
        int lengthBytes = run.LengthBlocks << BlockGeometry.BlockShift;
        if (_copy.Length < lengthBytes)
            _copy = new byte[lengthBytes];
        if (await source.Reader.ReadRunAsync(from, run, crcs, _copy.AsMemory(0, lengthBytes)) is var read and not VolumeStatus.Ok)
            return read;
        return await destination.WaitingWriter.WriteAsync((long)to << BlockGeometry.BlockShift, _copy.AsMemory(0, lengthBytes));
    }

    /// <summary>Writes down what was collected, as one record; nothing where it is nothing.</summary>
    private async ValueTask<VolumeStatus> AppendAsync()
    {
        if (_ranges.Count == 0)
            return VolumeStatus.Ok;
        LogExtent[] extents = MakeExtents();
        SegmentId[] pinned = [.. _pinned];
        // As if it had payload: what is kept of the log for trims is not for this.
        for (bool waited = false; !waited || !TryAppend(extents, pinned, waited); waited = true)
            if (await destination.WaitingWriter.WaitForRoomAsync(1, extents.Length) is var status and not VolumeStatus.Ok)
                return status;
        _pinned.Clear();
        _ranges.Clear();
        return VolumeStatus.Ok;
    }

    private bool TryAppend(LogExtent[] extents, SegmentId[] pinned, bool waited) => destination.Writer.TryShare(
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ranges), extents, pinned, engine.Pins, waited);

    private LogExtent[] MakeExtents()
    {
        List<LogExtent> extents = new(2 * _ranges.Count);
        foreach (SharedRange range in _ranges)
            if (range.Place.IsHole)
                extents.Add(new(destination.Number, LogExtentKind.Trim, range.StartBlock, range.LengthBlocks));
            else if (table.TryGet(range.Place.Segment, out SegmentRow segment))
            {
                extents.Add(new(destination.Number, LogExtentKind.Share, range.StartBlock, range.LengthBlocks));
                extents.Add(new(segment.Volume, LogExtentKind.ShareSource, segment.Sequence, (ulong)range.Place.FirstIndex));
            }
            else
                throw new InvalidOperationException($"Segment {range.Place.Segment.Value} is pinned, but not there.");
        return [.. extents];
    }
}

using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Reclaim;

/// <summary>How the blocks of a round get from their segments into new ones. In the destager's loop.</summary>
internal sealed partial class SegmentCollector
{
    /// <summary>All copies are durable, or none is left in the store.</summary>
    private async ValueTask CopyOrTakeBackAsync(uint owner, List<SourceBlock> sources, List<SegmentHeader> copies, List<CopiedBlock> blocks, CancellationToken cancellation)
    {
        ulong first = maps.Segments.NextSequence(owner);
        try
        {
            await CopyAsync(owner, sources, copies, blocks, cancellation);
        }
        catch (ObjectStoreException e)
        {
            // What stands where a put found something is not this round's.
            int mine = copies.Count + (e.Error == ObjectStoreError.Exists ? 0 : 1);
            maps.Segments.Tried(owner, first + (ulong)copies.Count);
            for (int i = 0; i < mine; i++)
                await uploader.DeleteAsync(SegmentKey.Format(maps.Segments.VolumeUuid(owner), first + (ulong)i), cancellation);
            throw;
        }
    }

    /// <summary>Reads the blocks, checks them, and puts them into new segments; what cannot be read stays where it is.</summary>
    private async ValueTask CopyAsync(uint owner, List<SourceBlock> sources, List<SegmentHeader> copies, List<CopiedBlock> blocks, CancellationToken cancellation)
    {
        SegmentBuilder builder = _builder ??= new(segmentBytes);
        ulong sequence = maps.Segments.NextSequence(owner);
        Guid uuid = maps.Segments.VolumeUuid(owner);
        byte[] content = new byte[BlockGeometry.BlockBytes];
        long started = engine.Time.GetTimestamp();
        int pieceBytes = segmentBytes;
        while (sources.Count > 0 && !MustMakeWay(started))
        {
            builder.Reset(withOrigins: true, pieceBytes);
            List<SourceBlock> packed = [], rest = [];
            ulong? last = null;
            bool isFull = false;
            for (int i = 0; i < sources.Count; i++)
            {
                SourceBlock source = sources[i];
                isFull |= packed.Count > 0 && MustMakeWay(started);
                // Two versions of one block do not go into one segment.
                if (isFull || source.Block == last)
                {
                    rest.Add(source);
                    continue;
                }
                if (_ranges?.Asked(source) == false)
                    await _ranges.ReadAsync(sources.GetRange(i, Math.Min(RangeReader.BatchBlocks, sources.Count - i)), cancellation);
                if (_damaged.Contains(source.Segment.Value) || (_ranges?.TryGet(source, content) != true && !await TryReadAsync(source, content, cancellation)))
                    continue;
                if (!builder.TryAddBlock(source.Block, source.Header.BlockCrcs[source.Index], out Memory<byte> page))
                {
                    isFull = true;
                    rest.Add(source);
                    continue;
                }
                content.CopyTo(page);
                packed.Add(source);
                last = source.Block;
            }
            sources = rest;
            if (packed.Count == 0)
                continue;
            ReadOnlyMemory<byte> sealedContent = builder.SealCopy(poolId, uuid, sequence, [.. packed.Select(source => (source.Header, source.Index))], out SegmentHeader copy);
            try
            {
                await PutAsync(SegmentKey.Format(uuid, sequence), copy, sealedContent, packed, cancellation);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.OutOfSpace && pieceBytes > segmentBytes / CutShipper.PiecesAtMost)
            {
                // There may be room in smaller pieces.
                pieceBytes /= 2;
                sources = [.. packed.Concat(rest).OrderBy(source => source.Block)];
                continue;
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.OutOfSpace && copies.Count > 0)
            {
                return; // The round ends with what it has.
            }
            for (int index = 0; index < packed.Count; index++)
                blocks.Add(new(packed[index].Block, packed[index].Segment, packed[index].Index, copies.Count, index));
            copies.Add(copy);
            sequence++;
        }
    }

    /// <summary>What the cache has of the originals it has of the copy, too, once that is published.</summary>
    private async ValueTask PutAsync(string key, SegmentHeader copy, ReadOnlyMemory<byte> content, List<SourceBlock> packed, CancellationToken cancellation)
    {
        segments.Cache?.Staging.StageCopy(copy, content.Span[copy.HeaderBytes..], packed.ConvertAll(source => (source.Segment, source.Index)));
        try
        {
            await uploader.PutAsync(key, content, cancellation, mayUseReserve: true);
        }
        catch
        {
            segments.Cache?.Staging.Drop(copy);
            throw;
        }
    }

    /// <summary>No cut is made while a round runs: where the store is slow and the log has what a cut begins at, a round ends with what it has, and the rest stays where it is.</summary>
    private bool MustMakeWay(long started) =>
        engine.Time.GetElapsedTime(started) > LongestWhileLogFills && engine.Log.UsedBytes > engine.Log.CapacityBytes / 5 * 2;

    private ValueTask<bool> TryReadAsync(SourceBlock source, byte[] content, CancellationToken cancellation) => UnlessDamagedAsync(source.Segment, async () =>
    {
        if (segments.TryRead(source.Segment, source.Index, content))
            return;
        _ranges ??= new(segments);
        await segments.ReadAsync(source.Segment, source.Index, content, cancellation);
    });

    /// <summary>What arrives damaged is read again, since a bit may have flipped on the way. False = it stays so: the segment is left alone from now on.</summary>
    private async ValueTask<bool> UnlessDamagedAsync(SegmentId id, Func<Task> read)
    {
        for (int damaged = 1; ; damaged++)
            try
            {
                await read();
                return true;
            }
            catch (SegmentCorruptException) when (damaged <= Rereads)
            {
                // Read again.
            }
            catch (SegmentCorruptException e)
            {
                _damaged.Add(id.Value);
                VolumesLog.CollectionMetDamage(engine.Logger, e.Key, e);
                return false;
            }
    }
}

using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Reclaim;

/// <summary>
/// Garbage collection: copies what lives in segments that are mostly dead into new ones, and lets a checkpoint name the copies. A round is bounded in bytes and ends with
/// its checkpoint; a crash before that leaves orphans, which the next start deletes. Runs in the destager's loop between cuts; asked and told by any thread.
/// </summary>
internal sealed class SegmentCollector(
    Guid poolId, int segmentBytes, MapStore maps, SegmentStore segments, SegmentUploader uploader, Publisher publisher, EngineParts engine, Signal bell)
{
    // The table is looked through for each 64th of it that is new, or now and then.
    private const int SharePerLook = 64;
    private const int Rereads = 4;
    private static readonly TimeSpan LongestBetweenLooks = TimeSpan.FromSeconds(1), LongestWhileLogFills = TimeSpan.FromSeconds(3);
    private readonly HashSet<uint> _damaged = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource? _asked;
    private Exception? _end;
    private SegmentBuilder? _builder;
    private long _nextRound = engine.Time.GetTimestamp();
    private (uint NextId, long References) _measured;
    private long _measuredTime;
    private volatile bool _paused;
    private long _copiedBytes, _bytesPerSecond = engine.Options.CollectionBytesPerSecond;
    private volatile bool _isRunning;

    // Once a read has waited for the store.
    private RangeReader? _ranges;

    /// <summary>No round is begun while this is true, unless it is asked for.</summary>
    public bool IsPaused
    {
        get => _paused;
        set
        {
            _paused = value;
            bell.Set();
        }
    }

    /// <summary>Most that is copied a second, in bytes; 0 = as fast as it can between cuts.</summary>
    public long BytesPerSecond
    {
        get => Interlocked.Read(ref _bytesPerSecond);
        set
        {
            Interlocked.Exchange(ref _bytesPerSecond, value);
            bell.Set();
        }
    }

    /// <summary>True while a round runs.</summary>
    public bool IsRunning => _isRunning;

    /// <summary>Bytes copied in this life.</summary>
    public long CopiedBytes => Interlocked.Read(ref _copiedBytes);

    /// <summary>True where <see cref="RunAsync"/> should be called: somebody asks, or there is too much garbage and the rate allows a round.</summary>
    public bool IsDue
    {
        get
        {
            lock (_lock)
                if (_asked is not null)
                    return true;
            long now = engine.Time.GetTimestamp();
            (uint NextId, long References) stamp = (maps.Segments.NextId.Value, maps.Segments.References);
            if (_paused || engine.Options.GarbageShare >= 1 || now < _nextRound || stamp == _measured
                || (stamp.NextId - _measured.NextId < 1 + (maps.Segments.Count / SharePerLook) && engine.Time.GetElapsedTime(_measuredTime, now) < LongestBetweenLooks))
                return false;
            if (HasTooMuch(engine.Options.GarbageShare))
                return true;
            (_measured, _measuredTime) = (stamp, now);
            return false;
        }
    }

    /// <summary>After how long <see cref="IsDue"/> is worth asking again although nothing has happened: the rate, or the time since the last look, has put a round off.</summary>
    public TimeSpan LookAgainIn
    {
        get
        {
            long now = engine.Time.GetTimestamp();
            if (_paused || engine.Options.GarbageShare >= 1 || (maps.Segments.NextId.Value, maps.Segments.References) == _measured)
                return Timeout.InfiniteTimeSpan;
            TimeSpan rate = engine.Time.GetElapsedTime(now, Math.Max(now, _nextRound)), look = LongestBetweenLooks - engine.Time.GetElapsedTime(_measuredTime, now);
            return TimeSpan.FromMilliseconds(Math.Max(1, Math.Max(rate.TotalMilliseconds, look.TotalMilliseconds)));
        }
    }

    /// <summary>Completes when there is no garbage left that is worth a round.</summary>
    public Task RunNowAsync()
    {
        lock (_lock)
        {
            if (_end is not null)
                return Task.FromException(_end);
            _asked ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            bell.Set();
            return _asked.Task;
        }
    }

    /// <summary>The destager has ended: nothing is collected any more.</summary>
    public void Stop(Exception end)
    {
        lock (_lock)
        {
            _end = end;
            _asked?.TrySetException(end);
        }
    }

    /// <summary>One round; or, where somebody asks, rounds until nothing is left to gain. The store's failures end it; it is tried again later.</summary>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        TaskCompletionSource? asked;
        lock (_lock)
            asked = _asked;
        try
        {
            _isRunning = true;
            if (asked is not null)
                await publisher.CheckpointAsync(cancellation);
            bool gained;
            while ((gained = await RoundAsync(cancellation)) && asked is not null)
                cancellation.ThrowIfCancellationRequested();
            if (!gained)
                (_measured, _measuredTime) = ((maps.Segments.NextId.Value, maps.Segments.References), engine.Time.GetTimestamp());
            if (publisher.HasDeadSegments)
                await publisher.CheckpointAsync(cancellation);
            Finish(asked, null);
        }
        catch (ObjectStoreException e)
        {
            VolumesLog.CollectionFailed(engine.Logger, e);
            _nextRound = engine.Time.GetTimestamp() + engine.Time.TimestampFrequency;
            Finish(asked, e);
        }
        finally
        {
            _isRunning = false;
        }
    }

    private void Finish(TaskCompletionSource? asked, Exception? failure)
    {
        lock (_lock)
            if (asked is not null)
                _asked = null;
        if (failure is null)
            asked?.TrySetResult();
        else
            asked?.TrySetException(failure);
    }

    private bool HasTooMuch(double share)
    {
        (long garbage, long all) = VictimChoice.Measure(maps.Segments);
        return garbage > share * all && garbage * BlockGeometry.BlockBytes >= 2L * segmentBytes;
    }

    /// <summary>False = there was nothing to gain.</summary>
    private async ValueTask<bool> RoundAsync(CancellationToken cancellation)
    {
        long maxBlocks = engine.Options.CollectionRoundBytes >> BlockGeometry.BlockShift;
        // What is pinned would stay whatever is copied, and what a line in quarantine has missed is named there.
        HashSet<uint> excluded = [.. _damaged, .. engine.Pins.All, .. maps.MissedSegments];
        List<(SegmentId Id, SegmentRow Row)> victims = VictimChoice.Choose(maps.Segments, maps.StoredSegments, engine.Log.NextLsn, maxBlocks, excluded);
        if (victims.Count == 0 && maps.StoredSegments != maps.Segments.NextId)
        {
            await publisher.CheckpointAsync(cancellation);
            victims = VictimChoice.Choose(maps.Segments, maps.StoredSegments, engine.Log.NextLsn, maxBlocks, excluded);
        }
        if (victims.Count == 0 || victims.Sum(victim => victim.Row.BlockCount - victim.Row.LiveBlocksAtMost) * (long)BlockGeometry.BlockBytes < segmentBytes)
            return false;
        uint owner = victims[0].Row.Volume, family = maps.Segments.FamilyOf(owner);
        List<SourceBlock> sources;
        try
        {
            sources = await FindSourcesAsync(victims, family, cancellation);
        }
        catch (MapDamageException e)
        {
            ExcludeDamagedMap(victims, e);
            return true;
        }
        List<SegmentHeader> copies = [];
        List<CopiedBlock> blocks = [];
        long started = engine.Time.GetTimestamp();
        IReadOnlyList<PublishedSegment> added;
        try
        {
            await CopyOrTakeBackAsync(owner, sources, copies, blocks, cancellation);
            added = await publisher.AddCopiesAsync(owner, copies, cancellation);
        }
        catch
        {
            // Nobody is to find them any more. What was published before the failure is not staged now.
            foreach (SegmentHeader copy in copies)
                segments.Cache?.Staging.Drop(copy);
            throw;
        }
        try
        {
            await publisher.CheckpointAsync(cancellation, new Relocation(maps, family, added, blocks));
        }
        catch (MapDamageException e)
        {
            // The copies are dead, as other segments that nothing names.
            ExcludeDamagedMap(victims, e);
            return true;
        }
        engine.Options.CollectionDurations?.Record(engine.Time.GetElapsedTime(started).TotalSeconds);
        long bytes = blocks.Count * (long)BlockGeometry.BlockBytes;
        Interlocked.Add(ref _copiedBytes, bytes);
        if (BytesPerSecond is > 0 and var rate)
            _nextRound = engine.Time.GetTimestamp() + (long)((double)bytes / rate * engine.Time.TimestampFrequency);
        return true;
    }

    /// <summary>All copies are durable, or none is left in the store: the same names are given again, to other content.</summary>
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
            for (int i = 0; i < mine; i++)
                await uploader.DeleteAsync(SegmentKey.Format(maps.Segments.VolumeUuid(owner), first + (ulong)i), cancellation);
            throw;
        }
    }

    /// <summary>Who else names them cannot be told: they are left alone from now on.</summary>
    private void ExcludeDamagedMap(List<(SegmentId Id, SegmentRow Row)> victims, MapDamageException cause)
    {
        _damaged.UnionWith(victims.Select(victim => victim.Id.Value));
        VolumesLog.CollectionMetDamagedMap(engine.Logger, victims.Count, cause);
    }

    /// <summary>The blocks of the victims that any row names, by block number.</summary>
    private async ValueTask<List<SourceBlock>> FindSourcesAsync(List<(SegmentId Id, SegmentRow Row)> victims, uint family, CancellationToken cancellation)
    {
        List<SourceBlock> sources = [];
        using SqliteConnection connection = maps.Database.OpenReader();
        using LiveBlocks rows = new(connection);
        foreach ((SegmentId id, SegmentRow row) in victims)
        {
            SegmentHeader? header = null;
            await UnlessDamagedAsync(id, async () => header = await segments.ReadHeaderAsync(id, cancellation));
            if (header is null)
                continue;
            ulong[] numbers = [.. header.Extents.SelectMany(extent => Enumerable.Range(0, (int)extent.LengthBlocks), (extent, i) => extent.StartBlock + (ulong)i)];
            bool[] live = new bool[numbers.Length];
            foreach ((uint line, ulong leaf) in rows.FindPlaces(maps, family, numbers.Select(number => number / BlockMap.LeafBlocks).Distinct(), [id]))
                foreach ((_, LeafRun[] runs) in rows.Read(line, leaf))
                    Mark(runs, id, live);
            for (int index = 0; index < live.Length; index++)
                if (live[index])
                    sources.Add(new(numbers[index], id, index, header));
        }
        sources.Sort((a, b) => a.Block.CompareTo(b.Block));
        return sources;
    }

    private static void Mark(LeafRun[] runs, SegmentId id, bool[] live)
    {
        for (int i = 0; i < runs.Length; i++)
            if (runs[i].Segment == id.Value)
                live.AsSpan(runs[i].FirstIndex, LeafEditor.End(runs, i) - runs[i].Start).Fill(true);
    }

    /// <summary>Reads the blocks, checks them, and puts them into new segments; what cannot be read stays where it is.</summary>
    private async ValueTask CopyAsync(uint owner, List<SourceBlock> sources, List<SegmentHeader> copies, List<CopiedBlock> blocks, CancellationToken cancellation)
    {
        SegmentBuilder builder = _builder ??= new(segmentBytes);
        ulong sequence = maps.Segments.NextSequence(owner);
        Guid uuid = maps.Segments.VolumeUuid(owner);
        byte[] content = new byte[BlockGeometry.BlockBytes];
        long started = engine.Time.GetTimestamp();
        while (sources.Count > 0 && !MustMakeWay(started))
        {
            builder.Reset(withOrigins: true);
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
            await PutAsync(SegmentKey.Format(uuid, sequence), copy, sealedContent, packed, cancellation);
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
            await uploader.PutAsync(key, content, cancellation);
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

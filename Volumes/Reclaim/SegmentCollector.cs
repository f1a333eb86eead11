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
internal sealed partial class SegmentCollector(
    Guid poolId, int segmentBytes, MapStore maps, SegmentStore segments, SegmentUploader uploader, Publisher publisher, PublishedPoints points, EngineParts engine, Signal bell)
{
    // The table is looked through for each 64th of it that is new, or now and then.
    private const int SharePerLook = 64;
    private const int Rereads = 4;

    // With less than this part of it free, or less than a cut may need, a store is nearly full.
    private const int NearlyFullPart = 32;

    // Where the store is full, a round is as large as what stores keep in reserve allows. One that ends early may empty no segment; then one is tried that is almost sure to.
    private static readonly int[] SegmentsWhereFull = [4, 1];

    // A round has to gain a segment; where the store is full, this part of one.
    private const int LeastGainPart = 8;

    /// <summary>While no host writes, garbage is collected down to this part of its share: nobody pays for it then.</summary>
    private const double QuietPart = 0.8;

    private static readonly TimeSpan LongestBetweenLooks = TimeSpan.FromSeconds(1), LongestWhileLogFills = TimeSpan.FromSeconds(3);
    private readonly HashSet<uint> _damaged = [];
    private readonly CollectionRequests _requests = new(bell);

    // Who asks is answered when no segment before it is worth a round: writers always leave new garbage behind it.
    private SegmentId _askedEnd;
    private SegmentBuilder? _builder;
    private long _nextRound = engine.Time.GetTimestamp();
    private (uint NextId, long References, bool IsQuiet) _measured, _barren;
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

    /// <summary>True while a round runs, or the next one is asked for.</summary>
    public bool IsRunning => _isRunning || _requests.Any;

    /// <summary>Bytes copied in this life.</summary>
    public long CopiedBytes => Interlocked.Read(ref _copiedBytes);

    /// <summary>True where somebody asks for the next round, and no writer is in its way.</summary>
    public bool IsAskedAndDue => _requests.Any && (IsQuiet || engine.Time.GetTimestamp() >= _nextRound);

    /// <summary>True where <see cref="RunAsync"/> should be called: somebody asks, or there is too much garbage and the rate allows a round.</summary>
    public bool IsDue
    {
        get
        {
            if (IsAskedAndDue)
                return true;
            long now = engine.Time.GetTimestamp();
            (uint NextId, long References, bool IsQuiet) stamp = Stamp;
            if (_paused || engine.Options.GarbageShare >= 1 || now < _nextRound || stamp == _measured
                || (stamp.NextId - _measured.NextId < 1 + (maps.Segments.Count / SharePerLook) && engine.Time.GetElapsedTime(_measuredTime, now) < LongestBetweenLooks))
                return false;
            if (HasTooMuch())
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
            if (_paused || engine.Options.GarbageShare >= 1 || Stamp == _measured)
                return Timeout.InfiniteTimeSpan;
            TimeSpan rate = engine.Time.GetElapsedTime(now, Math.Max(now, _nextRound)), look = LongestBetweenLooks - engine.Time.GetElapsedTime(_measuredTime, now);
            return TimeSpan.FromMilliseconds(Math.Max(1, Math.Max(rate.TotalMilliseconds, look.TotalMilliseconds)));
        }
    }

    /// <summary>Completes when there is no garbage left, of what was there, that is worth a round. Once it is cancelled no further round is begun for it.</summary>
    public Task RunNowAsync(CancellationToken cancellation) => _requests.AskAsync(cancellation);

    /// <summary>The destager has ended: nothing is collected any more.</summary>
    public void Stop(Exception end) => _requests.End(end);

    /// <summary>
    /// One round. Where somebody asks there are more to come until nothing is left to gain; between them cuts are made, what died is deleted, and the catalog is saved. The store's failures end
    /// it; it is tried again later.
    /// </summary>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        try
        {
            _isRunning = true;
            bool isAsked = _requests.Any;
            if (isAsked && _requests.TakeNew())
            {
                await publisher.CheckpointAsync(cancellation);
                _askedEnd = maps.Segments.NextId;
            }
            if (await TryGainAsync(isAsked, cancellation))
            {
                if (isAsked)
                    return;
            }
            else
                (_measured, _measuredTime) = (Stamp, engine.Time.GetTimestamp());
            if (publisher.HasDeadSegments)
                await publisher.CheckpointAsync(cancellation);
            if (isAsked)
                _requests.Answer(null);
        }
        catch (ObjectStoreException e)
        {
            VolumesLog.CollectionFailed(engine.Logger, e);
            _nextRound = engine.Time.GetTimestamp() + engine.Time.TimestampFrequency;
            _requests.Answer(e);
        }
        finally
        {
            _isRunning = false;
        }
    }

    /// <summary>
    /// A round, and where that gives nothing a smaller one, for a destager that finds no space, whatever rate and pause say: of the segments that give most for what is copied; and what died is deleted.
    /// False = nothing is gained.
    /// </summary>
    public async ValueTask<bool> TryMakeRoomAsync(CancellationToken cancellation, SegmentId? before = null)
    {
        if (engine.Options.GarbageShare >= 1 || Stamp == _barren)
            return false;
        long stored = maps.Segments.StoredBytes;
        bool wasRunning = _isRunning;
        try
        {
            _isRunning = true;
            // What is dead already first: copies need the space.
            await DeleteDeadNowAsync(cancellation);
            for (int i = 0; maps.Segments.StoredBytes >= stored && i < SegmentsWhereFull.Length; i++)
            {
                stored = maps.Segments.StoredBytes;
                if (await RoundAsync(before, cancellation, SegmentsWhereFull[i]))
                    await DeleteDeadNowAsync(cancellation);
            }
            if (maps.Segments.StoredBytes < stored)
                return true;
            _barren = Stamp;
            return false;
        }
        catch (ObjectStoreException e)
        {
            VolumesLog.CollectionFailed(engine.Logger, e);
            return false;
        }
        finally
        {
            _isRunning = wasRunning;
        }
    }

    /// <summary>A round; and where there is little room for copies, one of what gives most for them. False = there was nothing to gain.</summary>
    private async ValueTask<bool> TryGainAsync(bool isAsked, CancellationToken cancellation)
    {
        SegmentId? before = isAsked ? _askedEnd : null;
        if (await RoundAsync(before, cancellation))
            return true;
        if (!(isAsked || IsQuiet) || RoomForCopies >= engine.Options.CollectionRoundBytes)
            return false;
        long copied = CopiedBytes;
        // What only died gives room, but no end while writers go on.
        return await TryMakeRoomAsync(cancellation, before) && (CopiedBytes > copied || await RoundAsync(before, cancellation));
    }

    private async ValueTask DeleteDeadNowAsync(CancellationToken cancellation)
    {
        if (publisher.HasDeadSegments)
            await publisher.CheckpointAsync(cancellation);
        await points.AtAnyMomentAsync(() => publisher.DeleteDoomedAsync(cancellation).AsTask());
    }

    /// <summary>Changes whenever there may be other garbage than before.</summary>
    private (uint NextId, long References, bool IsQuiet) Stamp => (maps.Segments.NextId.Value, maps.Segments.References, IsQuiet);

    /// <summary>True where everything that was written is in segments.</summary>
    private bool IsQuiet => publisher.Published.Lsn == engine.Log.NextLsn;

    /// <summary>More than the share of what is stored; or, in a store that is nearly full, more than is free.</summary>
    private bool HasTooMuch()
    {
        (long garbage, long all) = VictimChoice.Measure(maps.Segments);
        long garbageBytes = garbage * BlockGeometry.BlockBytes;
        return garbageBytes >= 2L * segmentBytes
            && (garbage > engine.Options.GarbageShare * (IsQuiet ? QuietPart : 1) * all
                || (publisher.StoreSpace is { } space && space.FreeBytes < Math.Max(space.TotalBytes / NearlyFullPart, engine.Options.CutBytes) && garbageBytes > space.FreeBytes));
    }

    /// <summary>
    /// False = there was nothing to gain. Only segments before <paramref name="before"/> are emptied; null = any. <paramref name="segmentsWhereFull"/>: the store is full, and the round copies
    /// so many segments at most.
    /// </summary>
    private async ValueTask<bool> RoundAsync(SegmentId? before, CancellationToken cancellation, int segmentsWhereFull = 0)
    {
        long started = engine.Time.GetTimestamp();
        ulong startLsn = engine.Log.NextLsn;
        bool isFull = segmentsWhereFull > 0;
        long maxBlocks = Math.Min(engine.Options.CollectionRoundBytes, isFull ? segmentsWhereFull * (long)segmentBytes : RoomForCopies) >> BlockGeometry.BlockShift;
        if (maxBlocks <= 0)
            return false;
        // What is pinned would stay whatever is copied, and what a line in quarantine has missed is named there.
        HashSet<uint> excluded = [.. _damaged, .. engine.Pins.All, .. maps.MissedSegments];
        List<(SegmentId Id, SegmentRow Row)> victims = Choose();
        if (victims.Count == 0 && maps.StoredSegments != maps.Segments.NextId)
        {
            await publisher.CheckpointAsync(cancellation);
            victims = Choose();
        }
        long leastGain = isFull ? segmentBytes / LeastGainPart : segmentBytes;
        if (victims.Count == 0 || victims.Sum(VictimChoice.DeadBlocks) * (long)BlockGeometry.BlockBytes < leastGain)
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
        TimeSpan rest = RestAfter(engine.Time.GetElapsedTime(started), bytes, (long)(engine.Log.NextLsn - startLsn));
        _nextRound = engine.Time.GetTimestamp() + (long)(rest.TotalSeconds * engine.Time.TimestampFrequency);
        return true;

        List<(SegmentId Id, SegmentRow Row)> Choose() => isFull
            ? VictimChoice.ChooseForSpace(maps.Segments, End(), maxBlocks, excluded)
            : VictimChoice.Choose(maps.Segments, End(), engine.Log.NextLsn, maxBlocks, excluded);

        // Segments from there on are not in map.db yet.
        SegmentId End() => before is { } limit && limit.Value < maps.StoredSegments.Value ? limit : maps.StoredSegments;
    }

    /// <summary>A copy takes space before its originals give any.</summary>
    private long RoomForCopies => publisher.StoreSpace is { } space ? space.FreeBytes - segmentBytes : long.MaxValue;

    private TimeSpan RestAfter(TimeSpan round, long copiedBytes, long writtenBytes)
    {
        (long garbage, long all) = VictimChoice.Measure(maps.Segments);
        TimeSpan rest = CollectionPace.RestAfter(round, copiedBytes, writtenBytes, (double)garbage / Math.Max(1, all), publisher.StoreSpace);
        TimeSpan byRate = BytesPerSecond is > 0 and var rate ? TimeSpan.FromSeconds((double)copiedBytes / rate) : TimeSpan.Zero;
        return rest > byRate ? rest : byRate;
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
}

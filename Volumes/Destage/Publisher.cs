using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;
using Nito.AsyncEx;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// The one writer of the map after recovery: makes publishes durable in the journal, applies them, checkpoints, and deletes segments that nobody names, once the store's catalog says so, too.
/// The destager's; one call at a time.
/// </summary>
internal sealed partial class Publisher(
    MapStore maps, MapJournal journal, SegmentStore segments, SegmentPins pins, IObjectStore store, CatalogSaver catalog, EngineHealth health, VolumesOptions options, TimeProvider time,
    ILogger logger, LogPosition published)
{
    private const int PublishesBetweenLooks = 16, DeletesAtOnce = 8;
    private readonly List<SegmentId> _dead = [];

    // Dead as of a checkpoint, by its number: deleted once no map that the store's catalog has can name them.
    private readonly Dictionary<SegmentId, long> _doomed = [];
    private readonly AsyncLock _mapGate = new();
    private readonly Lock _publishedLock = new();
    private LogPosition _published = published;
    private int _publishesSinceLook, _doomedCount;

    /// <summary>Everything below is in segments. Read by any thread.</summary>
    public LogPosition Published
    {
        get
        {
            lock (_publishedLock)
                return _published;
        }
        private set
        {
            lock (_publishedLock)
                _published = value;
        }
    }

    /// <summary>
    /// Complete = a restart knows these segments and trims, and so does the map. The segments are durable, and so are all records that made a block
    /// below <paramref name="end"/> obsolete.
    /// </summary>
    public async ValueTask PublishAsync(
        LogPosition end, IReadOnlyList<PublishedSegment> newSegments, IReadOnlyList<PublishedTrim> trims, IReadOnlyList<PublishedShare> shares,
        IReadOnlyList<PublishedMarker> markers, CancellationToken cancellation)
    {
        PublishFrame frame = new(end, newSegments, trims) { Shares = shares, Markers = markers };
        frame = frame with { Sequence = await AppendAsync(frame, cancellation) };
        foreach (PublishedSegment segment in newSegments)
            segments.AddDirectory(segment.Id, segment.Header);
        foreach (PublishedShare share in shares)
            _doomed.Remove(share.Place.Segment);
        using (await _mapGate.LockAsync(CancellationToken.None))
        {
            while (!await maps.ApplyAsync(frame))
                await WriteCheckpointAsync(new(frame.Sequence, Published), null, cancellation);
        }
        Published = end;
        pins.Release(end.Lsn);
        _publishesSinceLook++;
    }

    /// <summary>
    /// Complete = journal and segment table have copies that garbage collection made, in this order, though nothing names them yet: a map that is rebuilt from an older one and the journal knows
    /// them, since shares may come to name them.
    /// </summary>
    public async ValueTask<IReadOnlyList<PublishedSegment>> AddCopiesAsync(uint owner, IReadOnlyList<SegmentHeader> copies, CancellationToken cancellation)
    {
        uint next = maps.Segments.NextId.Value;
        PublishedSegment[] added = [.. copies.Select((copy, i) => new PublishedSegment(new(next + (uint)i), owner, copy))];
        if (added.Length == 0)
            return added;
        await PublishAsync(Published, added, [], [], [], cancellation);
        return added;
    }

    /// <summary>Space of the store, where it has an end.</summary>
    public ObjectStoreSpace? StoreSpace => store.Space;

    /// <summary>True where the journal is long, or much of the map has changed, or segments can be deleted (looked for now and then).</summary>
    public bool WantsCheckpoint
    {
        get
        {
            if (journal.LengthBytes >= options.CheckpointJournalBytes || maps.WantsCheckpoint)
                return true;
            if (_publishesSinceLook < PublishesBetweenLooks)
                return false;
            _publishesSinceLook = 0;
            return HasDeadSegments;
        }
    }

    /// <summary>True where a checkpoint would let segments be deleted.</summary>
    public bool HasDeadSegments
    {
        get
        {
            FindDead();
            return _dead.Count > 0;
        }
    }

    /// <summary>True where segments wait for the store's catalog to be deleted. Any thread.</summary>
    public bool HasDoomed => Volatile.Read(ref _doomedCount) > 0;

    /// <summary>Checkpoints the map as of now, and cuts the journal. The segments that the checkpoint shows to be dead are deleted by <see cref="DeleteDeadAsync"/>.</summary>
    public async ValueTask CheckpointAsync(CancellationToken cancellation, MapRewrite? rewrite = null)
    {
        using (await _mapGate.LockAsync(CancellationToken.None))
        {
            FindDead();
            await WriteCheckpointAsync(new(journal.NextSequence, Published), rewrite, cancellation);
        }
        foreach (SegmentId id in _dead)
            if (maps.Segments.TryGet(id, out SegmentRow row) && row.References == 0)
                _doomed.TryAdd(id, maps.Stamp);
        _doomedCount = _doomed.Count;
        if (_doomed.Count > 0)
            catalog.SaveForDeletes();
    }

    /// <summary>
    /// Deletes the segments that are dead in the map which the store's catalog has: only a pin can bring one back to life, so nobody needs it, not even after a crash or a rebuild.
    /// </summary>
    public async ValueTask DeleteDeadAsync(CancellationToken cancellation)
    {
        foreach (SegmentId[] ids in _doomed.Where(entry => catalog.Covers(entry.Value)).Select(entry => entry.Key).Chunk(DeletesAtOnce).ToList())
        {
            List<(SegmentId Id, SegmentRow Row)> begun = [];
            foreach (SegmentId id in ids)
            {
                _doomed.Remove(id);
                if (maps.Segments.TryGet(id, out SegmentRow row) && row.References == 0 && pins.TryBeginDelete(id))
                    begun.Add((id, row));
            }
            try
            {
                bool[] gone = await Task.WhenAll(begun.Select(segment => TryDeleteAsync(segment.Row, cancellation)));
                foreach ((SegmentId id, SegmentRow row) in begun.Where((_, i) => gone[i]))
                {
                    maps.Segments.Remove(id);
                    segments.Cache?.Forget(id, row.BlockCount);
                }
            }
            finally
            {
                foreach ((SegmentId id, _) in begun)
                    pins.EndDelete(id);
            }
        }
        _doomedCount = _doomed.Count;
    }

    /// <summary>As <see cref="DeleteDeadAsync"/>, of all that the last checkpoint shows to be dead, where the store's catalog can be brought so far.</summary>
    public async ValueTask DeleteDoomedAsync(CancellationToken cancellation)
    {
        if (_doomed.Values.Any(stamp => !catalog.Covers(stamp)))
            try
            {
                await catalog.SaveAsync().WaitAsync(cancellation);
            }
            catch (Exception e) when (e is ObjectStoreException or IOException or InvalidDataException)
            {
                // The saver tells of it. Where the store is full it has given the catalog up, and nothing holds the segments any more.
            }
        await DeleteDeadAsync(cancellation);
    }

    /// <summary>Runs while no publish is applied and no checkpoint made: what opens and closes maps.</summary>
    public async ValueTask<T> WhileMapRestsAsync<T>(Func<MapStore, T> action)
    {
        using (await _mapGate.LockAsync(CancellationToken.None))
        {
            return action(maps);
        }
    }

    private void FindDead()
    {
        _dead.Clear();
        maps.CopyDead(_dead);
        _dead.RemoveAll(id => pins.Contains(id) || _doomed.ContainsKey(id));
    }

    /// <summary>Also in the middle of a publish, when counts are not exact: so it deletes nothing.</summary>
    private async ValueTask WriteCheckpointAsync(MapCheckpoint checkpoint, MapRewrite? rewrite, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                await maps.CheckpointAsync(checkpoint, catalog.SavedStamp, rewrite is null ? [] : [rewrite]);
                break;
            }
            catch (DiskFullException e)
            {
                await WaitForSpaceAsync(attempt, e, cancellation);
            }
        await journal.TrimAsync(checkpoint.JournalSequence, Math.Min(maps.NeededSequence, catalog.NeededSequence));
    }

    private async ValueTask<ulong> AppendAsync(PublishFrame frame, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                return await journal.AppendAsync(frame);
            }
            catch (DiskFullException e)
            {
                await WaitForSpaceAsync(attempt, e, cancellation);
            }
    }

    private Task WaitForSpaceAsync(int attempt, Exception cause, CancellationToken cancellation)
    {
        if (health.SetStore(new(HealthState.OutOfSpace, $"The data directory has no space for the map ({cause.Message}).")))
            VolumesLog.StoreOutOfSpace(logger, cause);
        return Task.Delay(BackOff.Delay(attempt, time), time, cancellation);
    }

    private async Task<bool> TryDeleteAsync(SegmentRow row, CancellationToken cancellation)
    {
        string key = SegmentKey.Format(maps.Segments.VolumeUuid(row.Volume), row.Sequence);
        try
        {
            await store.DeleteAsync(key, cancellation);
            return true;
        }
        catch (ObjectStoreException e)
        {
            VolumesLog.DeleteFailed(logger, key, e);
            return false;
        }
    }
}

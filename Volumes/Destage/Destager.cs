using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Lines;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Reclaim;
using Lunaria.Volumes.Recovery;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// Moves what the log holds into segments, cut by cut, in one background loop: when writers pause, when the log holds much, when its oldest write is old enough, or when asked.
/// Owned by the volume manager. It alone changes the map.
/// </summary>
internal sealed class Destager : IDisposable
{
    private const int IdleTicksAtMost = 60;

    // While the store fails: so many cuts in the place of one.
    private const int CutsAfterFailure = 8;

    /// <summary>While writers are busy the log takes their bursts: blocks that are written over in it never reach the store.</summary>
    private const double StartShare = 0.4;

    private static readonly TimeSpan LongestWaitForSpace = TimeSpan.FromMilliseconds(250);
    private readonly VolumeRegistry _volumes;
    private readonly LineKeeper _keeper;
    private readonly SegmentCollector _collector;
    private readonly LineRecovery _recovery;
    private readonly EngineParts _engine;
    private readonly Publisher _publisher;
    private readonly CutShipper _shipper;
    private readonly OrphanSweep _orphans;
    private readonly PublishedPoints _points;
    private readonly Signal _bell;
    private readonly ulong _startBytes;
    private readonly List<VolumeCut> _cuts = [];
    private readonly List<VolumeCut> _spareCuts = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Requests<Wanted> _requests;
    private Task _loop = Task.CompletedTask;
    private int _failures;
    private ulong _lastFreeLsn;
    private bool _isSwept;

    public Destager(
        VolumeRegistry volumes, LineKeeper keeper, SegmentCollector collector, LineRecovery recovery, EngineParts engine, Publisher publisher, CutShipper shipper, OrphanSweep orphans,
        PublishedPoints points, Signal bell) =>
        (_volumes, _keeper, _collector, _recovery, _engine, _publisher, _shipper, _orphans, _points, _bell, _requests, _startBytes) = (volumes, keeper, collector, recovery, engine, publisher, shipper,
            orphans, points, bell, new(bell), Math.Min((ulong)engine.Options.DestageThresholdBytes, (ulong)(engine.Log.CapacityBytes * StartShare)));

    /// <summary>True once what an earlier life left in the store is gone: from then on no name of it is given again.</summary>
    public bool IsSwept
    {
        get => Volatile.Read(ref _isSwept);
        private set => Volatile.Write(ref _isSwept, value);
    }

    /// <summary>Starts the loop.</summary>
    public void Start() => _loop = RunAsync();

    /// <summary>Ends the loop at the next point where it waits; what it was doing is done again by the next life.</summary>
    public async ValueTask StopAsync()
    {
        _stop.Cancel();
        await _loop;
    }

    /// <summary>Completes when everything written before the call is in segments, and with <paramref name="checkpoint"/> the map is in map.db.</summary>
    public Task DestageAsync(bool checkpoint) => _requests.AskAsync(new(checkpoint));

    public void Dispose()
    {
        _stop.Dispose();
        _shipper.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            if (await _orphans.RunAsync(_stop.Token) is int orphans and > 0)
                VolumesLog.OrphansDeleted(_engine.Logger, orphans);
            IsSwept = true;
            while (true)
            {
                Requests<Wanted>.Request[] serving = await WaitForWorkAsync();
                ulong target = Math.Max(serving.Length > 0 ? _engine.Log.NextLsn : _publisher.Published.Lsn + 1, _points.FrozenLsn);
                while (_publisher.Published.Lsn < target)
                {
                    await DestageCutAsync();
                    await _points.TryServeAsync();
                }
                if (_keeper.HasWork)
                    await _keeper.RunAsync(_stop.Token);
                if (_publisher.WantsCheckpoint || serving.Any(request => request.What.Checkpoint))
                    await _publisher.CheckpointAsync(_stop.Token);
                await _publisher.DeleteDeadAsync(_stop.Token);
                foreach (Requests<Wanted>.Request request in serving)
                    request.Answer(null);
            }
        }
        catch (OperationCanceledException e) when (_stop.IsCancellationRequested)
        {
            FailRequests(e);
        }
        catch (Exception e)
        {
            // Whatever it is: the map and the journal may disagree from here on, so nothing more is published in this life.
            string cause = e is IOException ? e.Message : $"an invariant is broken ({e.Message})";
            _engine.Health.Stop(new(HealthState.ReadOnly, $"Destaging has stopped: {cause} Start the appliance again."));
            VolumesLog.DestagingStopped(_engine.Logger, cause, e);
            FailRequests(e);
        }
    }

    /// <summary>Waits until there is enough to do; gives the requests that are to be answered after it.</summary>
    private async ValueTask<Requests<Wanted>.Request[]> WaitForWorkAsync()
    {
        ulong seen = _engine.Log.NextLsn;
        for (int ticks = 0; ;)
        {
            _stop.Token.ThrowIfCancellationRequested();
            if (_requests.TakeAll() is { Length: > 0 } requests)
                return requests;
            if (!await _points.TryServeAsync())
                return [];
            if (_recovery.HasWork)
                await _recovery.RunAsync(_stop.Token);
            if (_keeper.HasWork)
                await _keeper.RunAsync(_stop.Token);
            if (_collector.IsDue)
                await _collector.RunAsync(_stop.Token);
            await _publisher.DeleteDeadAsync(_stop.Token);
            ulong next = _engine.Log.NextLsn, waiting = next - _publisher.Published.Lsn;
            if (waiting >= _startBytes || (waiting > 0 && _volumes.All.Any(volume => volume.WantsDestage)))
                return [];
            if (_collector.IsAskedAndDue)
                continue;
            if (waiting == 0)
            {
                _shipper.ReleaseBuffers();
                if (_publisher.HasDeadSegments)
                    await _publisher.CheckpointAsync(_stop.Token);
                _engine.Marks.RingAtNext();
                if (_engine.Log.NextLsn == next)
                    await _bell.WaitAsync(_collector.LookAgainIn, _stop.Token);
                ticks = 0;
            }
            else if (await _bell.WaitAsync(_engine.Options.DestageIdleAge, _stop.Token))
                continue;
            else if (next == seen || ++ticks == IdleTicksAtMost)
                return [];
            seen = next;
        }
    }

    private async ValueTask DestageCutAsync()
    {
        ulong start = _publisher.Published.Lsn;
        long startTime = _engine.Time.GetTimestamp();
        LogPosition end = NextCut(start);
        while (!await TryShipAsync(start, end))
        {
            if (_failures > 0)
            {
                TimeSpan wait = BackOff.Delay(_failures, _engine.Time);
                bool isFull = _engine.Health.Current(_engine.Log).State == HealthState.OutOfSpace;
                await Task.Delay(isFull && wait > LongestWaitForSpace ? LongestWaitForSpace : wait, _engine.Time, _stop.Token);
            }
            await _publisher.DeleteDeadAsync(_stop.Token);
            // Who deletes something may be who makes room.
            if (_keeper.HasWork)
                await _keeper.RunAsync(_stop.Token);
            end = NextCut(start);
        }
        _engine.Log.Reclaim(end);
        _engine.Pacer.Freed(end.Lsn - start, _engine.Time.GetElapsedTime(startTime));
        if (_publisher.WantsCheckpoint)
            await _publisher.CheckpointAsync(_stop.Token);
        await _publisher.DeleteDeadAsync(_stop.Token);
        if (_collector.IsDue)
            await _collector.RunAsync(_stop.Token);
    }

    /// <summary>
    /// After a failure a small cut, so that little is put and taken back while the trouble lasts; and no larger one than the store has space for. None goes beyond the end of a
    /// generation: who begins there reads the map of the line it begins on until then.
    /// </summary>
    private LogPosition NextCut(ulong start)
    {
        long least = LeastCutBytes, cutBytes = _failures == 0 ? Math.Clamp(FreeBytes / least * least, least, _engine.Options.CutBytes) : least;
        LogPosition end = _engine.Marks.Take(start, (ulong)cutBytes, _engine.Log.Position);
        foreach (OpenLine line in _volumes.Lines)
            if (line.Index.EndOfOldest is { } marker && marker.Lsn > start && marker.Lsn < end.Lsn)
                end = marker;
        return end;
    }

    /// <summary>Generations that are published to their end leave the indexes, and who begins there gets a map of its own, before anything younger is published.</summary>
    private ValueTask<bool> SettleAsync(LogPosition end) => _publisher.WhileMapRestsAsync(maps =>
    {
        foreach (OpenLine line in _volumes.Lines)
            line.Index.DropOlder(end.Lsn);
        foreach (VolumeIndex index in _volumes.Unsettled)
            if (index.TrySettle(maps))
                _volumes.RemoveUnsettled(index);
        return true;
    });

    /// <summary>False = the store could not take it, for a reason that may pass.</summary>
    private async ValueTask<bool> TryShipAsync(ulong start, LogPosition end)
    {
        try
        {
            List<VolumeCut> cuts = TakeCuts(end.Lsn);
            CheckSpace(cuts);
            List<PublishedSegment> segments = await _shipper.ShipAsync(cuts, start, end, _stop.Token);
            // A block that was skipped because a later record replaces it must not be lost with that record.
            if (cuts.Any(cut => cut.LastObsoletingLsn >= Math.Max(end.Lsn, _engine.Log.FlushedLsn)))
                await _engine.Log.FlushAsync();
            foreach (VolumeCut cut in cuts)
                _points.Reach(cut.ReachLsn);
            await _publisher.PublishAsync(end, segments, TrimsOf(cuts), SharesOf(cuts), MarkersOf(cuts, end.Lsn), _stop.Token);
            foreach (VolumeCut cut in cuts)
                cut.Forget(end.Lsn);
            _engine.Published.Strike();
            await SettleAsync(end);
            _keeper.Published();
            _failures = 0;
            if (_engine.Health.SetStore(VolumeHealth.Online))
                VolumesLog.StoreRecovered(_engine.Logger);
            return true;
        }
        catch (ObjectStoreException e)
        {
            bool isFull = e.Error == ObjectStoreError.OutOfSpace;
            // Where there is space it is in small pieces; where there is none, garbage may hold it.
            if (isFull && ((FreeBytes >= LeastCutBytes && _shipper.TryHalve()) || await _collector.TryMakeRoomAsync(_stop.Token)))
            {
                _failures = 0;
                return false;
            }
            _failures++;
            if (_engine.Health.SetStore(new(isFull ? HealthState.OutOfSpace : HealthState.StoreFailing, e.Message)))
                if (isFull)
                    VolumesLog.StoreOutOfSpace(_engine.Logger, e);
                else
                    VolumesLog.StoreRefuses(_engine.Logger, e);
            if (isFull)
                await FreeWhatIsTrimmedAsync();
            return false;
        }
    }

    /// <summary>
    /// The store is full, and the trims that would free it lie in the log behind writes that need space. They are published ahead of their turn: replaying them
    /// again later changes nothing, and with the log flushed none of them can be lost.
    /// </summary>
    private async ValueTask FreeWhatIsTrimmedAsync()
    {
        ulong next = _engine.Log.NextLsn;
        // Of the oldest generation of each line only: what follows it in the map must not come before it.
        List<PublishedTrim> trims = TrimsOf(Prepare(static (cut, line, layer, _) => cut.TakeTrims(line, layer), ulong.MaxValue, oldestOnly: true));
        if (trims.Count > 0 && next != _lastFreeLsn)
        {
            await _engine.Log.FlushAsync();
            _points.Reach(next);
            await _publisher.PublishAsync(_publisher.Published, [], trims, [], [], _stop.Token);
        }
        _lastFreeLsn = next;
        if (_publisher.HasDeadSegments)
            await _publisher.CheckpointAsync(_stop.Token);
        // A save at a point would need the space that these deletes make.
        if (_publisher.HasDoomed)
            await _points.AtAnyMomentAsync(() => _publisher.DeleteDoomedAsync(_stop.Token).AsTask());
    }

    private List<VolumeCut> TakeCuts(ulong endLsn) => Prepare(static (cut, line, layer, end) => cut.Take(line, layer, end), endLsn, oldestOnly: false);

    private List<VolumeCut> Prepare(Action<VolumeCut, OpenLine, OverlayLayer, ulong> take, ulong endLsn, bool oldestOnly)
    {
        _spareCuts.AddRange(_cuts);
        _cuts.Clear();
        foreach (OpenLine line in _volumes.Lines)
        {
            // Who appended below the end of the cut, but has not recorded it in the index yet, still holds the writeLock.
            line.Writer.Barrier();
            // The map cannot take what is younger than what it does not know yet.
            if (oldestOnly && !line.Index.IsSettled)
                continue;
            OverlayLayer[] layers = line.Index.Layers;
            foreach (OverlayLayer layer in oldestOnly ? layers.Where(layer => layer.Generation == layers[0].Generation) : layers)
            {
                VolumeCut cut = _spareCuts.Count > 0 ? _spareCuts[^1] : new();
                if (_spareCuts.Count > 0)
                    _spareCuts.RemoveAt(_spareCuts.Count - 1);
                take(cut, line, layer, endLsn);
                _cuts.Add(cut);
                if (layer.EndLsn >= endLsn)
                    break; // What follows begins behind the cut.
            }
        }
        return _cuts;
    }

    private static List<PublishedTrim> TrimsOf(List<VolumeCut> cuts) =>
        [.. cuts.SelectMany(cut => cut.Trims, (cut, range) => new PublishedTrim(cut.Line.Number, range, cut.Generation))];

    private static List<PublishedShare> SharesOf(List<VolumeCut> cuts) => [.. cuts.SelectMany(
        cut => cut.Shares, (cut, share) => new PublishedShare(cut.Line.Number, new(share.StartBlock, share.LengthBlocks), cut.Generation, share.Place))];

    private static List<PublishedMarker> MarkersOf(List<VolumeCut> cuts, ulong endLsn) =>
        [.. cuts.Where(cut => cut.EndLsn < endLsn).Select(cut => new PublishedMarker(cut.Line.Number, cut.Generation + 1))];

    private long LeastCutBytes => _engine.Options.CutBytes / CutsAfterFailure;

    private long FreeBytes => _publisher.StoreSpace?.FreeBytes ?? long.MaxValue;

    /// <summary>Saves puts that would have to be taken back.</summary>
    private void CheckSpace(List<VolumeCut> cuts)
    {
        long needed = cuts.Sum(cut => (long)cut.Entries.Count) << BlockGeometry.BlockShift;
        if (needed > 0 && FreeBytes < needed)
            throw new ObjectStoreException(
                ObjectStoreError.OutOfSpace, $"The object store has {FreeBytes} bytes left; {needed} are waiting in the write log. Add space or unmap.");
    }

    private void FailRequests(Exception end)
    {
        _keeper.Stop(end);
        _recovery.Stop(end);
        _collector.Stop(end);
        _points.Stop(end);
        _requests.End(end);
    }

    private readonly record struct Wanted(bool Checkpoint);
}

using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// Keeps in the store what everything can be rebuilt from: saves some seconds after a change, now and then under load, and before a segment is deleted. In a loop of its own, so that neither
/// hosts nor cuts wait for it; whatever fails is tried again. Owned by the volume manager; its members may be called by any thread.
/// </summary>
internal sealed partial class CatalogSaver : IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5), LongestUnsaved = TimeSpan.FromSeconds(30), BetweenDeletes = TimeSpan.FromSeconds(1), LastSave = TimeSpan.FromSeconds(10);
    private readonly IObjectStore store;
    private readonly MapStore maps;
    private readonly MapJournal journal;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Guid poolId;
    private readonly DateTimeOffset began;
    private readonly CatalogObjects objects;
    private readonly SqliteConnection metadataRows, mapRows;
    private readonly Signal bell;
    private readonly CancellationTokenSource stop = new();
    private readonly Requests<ValueTuple> requests;
    private PublishedPoints? points;
    private Action? saved;
    private Task loop = Task.CompletedTask;
    private CatalogManifest? current;
    private string? tag;
    private bool isKnown, deletesWait, isFull;
    private long coveredStamp = -1, savedStamp = -1;
    private ulong neededSequence, heldSequence = ulong.MaxValue;
    private (ulong, long, long) savedState;
    private int failures;
    private long lastEnd, allFailures;
    private volatile string? failure;

    /// <summary>A saver for files that are open.</summary>
    public CatalogSaver(IObjectStore store, MetadataDatabase metadata, MapStore maps, MapJournal journal, TimeProvider time, ILogger logger)
    {
        (this.store, this.maps, this.journal, this.time, this.logger, poolId) = (store, maps, journal, time, logger, metadata.PoolId);
        objects = new(store, poolId, time);
        requests = new(bell = new(time));
        metadataRows = metadata.OpenReader();
        mapRows = maps.Database.OpenReader();
        (lastEnd, began) = (time.GetTimestamp(), time.GetUtcNow());
    }

    /// <summary>The first frame of the journal that the store does not have yet: files from there on stay. 0 = that is not known.</summary>
    public ulong NeededSequence => Math.Min(Volatile.Read(ref neededSequence), Volatile.Read(ref heldSequence));

    /// <summary>The store has what checkpoints of map.db up to this one have changed.</summary>
    public long SavedStamp => Volatile.Read(ref savedStamp);

    /// <summary>True where no map that the store has, or is going to have, is older than this checkpoint.</summary>
    public bool Covers(long stamp) => stamp <= Volatile.Read(ref coveredStamp);

    /// <summary>What the store has.</summary>
    public CatalogStatus GetStatus()
    {
        CatalogManifest? manifest = Volatile.Read(ref current);
        bool isCurrent = manifest is not null && manifest.JournalEnd == journal.NextSequence && manifest.Stamp == maps.Stamp;
        TimeSpan age = time.GetUtcNow() - (manifest?.Time ?? began);
        return new(
            manifest?.Time, manifest?.Published.Lsn ?? 0, manifest?.Save ?? 0, isCurrent, failure, isCurrent || age < TimeSpan.Zero ? TimeSpan.Zero : age,
            manifest?.All.Sum(entry => (long)entry.LengthBytes) ?? 0, Volatile.Read(ref allFailures));
    }

    /// <summary>
    /// Begins. <paramref name="points"/>: when a save may be of; <paramref name="saved"/> is called after each save, on the saver's loop.
    /// </summary>
    public void Start(PublishedPoints points, Action saved)
    {
        (this.points, this.saved) = (points, saved);
        loop = RunAsync();
    }

    /// <summary>Completes when the store has the engine as it is now, or later.</summary>
    /// <exception cref="ObjectStoreException">The store did not take it. It is tried again in the background.</exception>
    public Task SaveAsync() => requests.AskAsync(default);

    /// <summary>Segments wait to be deleted until a save.</summary>
    public void SaveForDeletes()
    {
        Volatile.Write(ref deletesWait, true);
        bell.Set();
    }

    /// <summary>Ends the loop; with <paramref name="save"/> after a last save, if the store is at a point and takes it soon. The destager has ended.</summary>
    public async ValueTask StopAsync(bool save)
    {
        stop.Cancel();
        await loop;
        if (!save || points is not { IsReached: true })
            return;
        using CancellationTokenSource limit = new(LastSave, time);
        try
        {
            if (!isKnown)
                await LoadAsync(limit.Token);
            if (ReadState() != savedState)
                await SaveOnceAsync(limit.Token);
        }
        catch (Exception e) when (e is ObjectStoreException or IOException or InvalidDataException or SqliteException or OperationCanceledException)
        {
            VolumesLog.CatalogNotSaved(logger, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        metadataRows.Dispose();
        mapRows.Dispose();
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            // Until it is known what the store has, the journal keeps all it has.
            await TryLoadAsync();
            while (true)
            {
                await WaitUntilDueAsync();
                Requests<ValueTuple>.Request[] served = requests.TakeAll();
                Exception? cause = await TrySaveAsync();
                foreach (Requests<ValueTuple>.Request request in served)
                    request.Answer(cause);
            }
        }
        catch (OperationCanceledException e)
        {
            requests.End(e);
        }
    }

    private async Task TryLoadAsync()
    {
        try
        {
            await LoadAsync(stop.Token);
        }
        catch (Exception e) when (e is ObjectStoreException or InvalidDataException)
        {
            // The first save tries again, and tells.
        }
    }

    /// <summary>Null = it stands. No failure of it may harm the engine, whatever it is.</summary>
    private async Task<Exception?> TrySaveAsync()
    {
        try
        {
            if (!isKnown)
                await LoadAsync(stop.Token);
            await SaveOnceAsync(stop.Token);
            if (failures > 0)
                VolumesLog.CatalogSavedAgain(logger);
            (failures, failure, isFull) = (0, null, false);
            return null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            if (failures++ == 0)
                VolumesLog.CatalogFails(logger, e);
            failure = e.Message;
            Interlocked.Increment(ref allFailures);
            isFull = e is ObjectStoreException { Error: ObjectStoreError.OutOfSpace };
            if (isFull && Volatile.Read(ref deletesWait))
                await GiveUpAsync();
            return e is ObjectStoreException or InvalidDataException ? e : new IOException($"The catalog could not be saved: {e.Message}", e);
        }
        finally
        {
            lastEnd = time.GetTimestamp();
        }
    }

    /// <summary>Returns when a save is asked for, or due.</summary>
    private async ValueTask WaitUntilDueAsync()
    {
        (ulong, long, long)? seen = null;
        long? changedAt = null;
        while (true)
        {
            stop.Token.ThrowIfCancellationRequested();
            if (requests.Any)
                return;
            TimeSpan sinceLast = time.GetElapsedTime(lastEnd), wait = Quiet;
            bool isDue;
            if (isFull && Volatile.Read(ref deletesWait))
            {
                // There is nothing to wait for: only the deletes make space.
                await GiveUpAsync();
                (isDue, sinceLast) = (false, TimeSpan.Zero);
            }
            else if (failures > 0)
                isDue = sinceLast >= (wait = BackOff.Delay(failures - 1, time));
            else if (Volatile.Read(ref deletesWait))
                isDue = sinceLast >= (wait = BetweenDeletes);
            else
            {
                var now = ReadState();
                changedAt = now == savedState ? null : changedAt ?? time.GetTimestamp();
                isDue = changedAt is { } since && (now == seen || time.GetElapsedTime(since) >= LongestUnsaved);
                seen = now;
                sinceLast = TimeSpan.Zero;
            }
            if (isDue)
                return;
            long began = time.GetTimestamp();
            TimeSpan left = wait - sinceLast;
            // Who rings looks at what has changed, and does not make it look quiet.
            if (await bell.WaitAsync(left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1), stop.Token) && time.GetElapsedTime(began) < left)
                seen = null;
        }
    }

    /// <summary>What changes with anything that a save would have.</summary>
    private (ulong Journal, long Stamp, long Metadata) ReadState() => (journal.NextSequence, maps.Stamp, (long)SqliteFile.ReadScalar(metadataRows, "PRAGMA data_version")!);
}

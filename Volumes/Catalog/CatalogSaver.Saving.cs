using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;

namespace Lunaria.Volumes.Catalog;

/// <summary>How a save is made. On the saver's loop.</summary>
internal sealed partial class CatalogSaver
{
    /// <summary>Finds out what the store has, and what earlier lives left.</summary>
    private async Task LoadAsync(CancellationToken cancellation)
    {
        (CatalogManifest Manifest, Guid PoolId, string Tag)? found = await new CatalogReader(store).ReadManifestAsync(cancellation);
        if (found is { } other && other.PoolId != poolId)
            throw new InvalidDataException($"The store's catalog is of pool {other.PoolId}, lunaria.db of {poolId}. Use the store that belongs to the data directory.");
        await objects.FindLeftOversAsync(found?.Manifest, cancellation);
        CatalogManifest? manifest = found?.Manifest;
        tag = found?.Tag;
        Guid mapId = new((byte[])Metadata.SqliteFile.ReadScalar(mapRows, "SELECT map_id FROM catalog")!, bigEndian: true);
        bool isMine = manifest is not null && manifest.MapId == mapId && manifest.Stamp <= maps.Stamp && manifest.JournalEnd <= journal.NextSequence;
        Volatile.Write(ref current, manifest);
        Volatile.Write(ref coveredStamp, isMine ? manifest!.Stamp : -1);
        Volatile.Write(ref savedStamp, isMine ? manifest!.Stamp : -1);
        Volatile.Write(ref neededSequence, manifest is null ? ulong.MaxValue : manifest.JournalEnd);
        isKnown = true;
    }

    private async Task SaveOnceAsync(CancellationToken cancellation)
    {
        (ulong, long, long) state = default;
        bool forDeletes = false, stands = false, mayArrive = false;
        try
        {
            using CatalogMoment moment = await points!.CaptureAsync(
                isPoint =>
                {
                    forDeletes = Interlocked.Exchange(ref deletesWait, false);
                    state = ReadState();
                    return Capture(isPoint);
                },
                cancellation);
            CatalogManifest manifest = await new CatalogSave(moment, current, objects, journal, store.Space, cancellation).RunAsync();
            mayArrive = true;
            tag = await ReplaceAsync(CatalogObject.Write(CatalogKind.Manifest, poolId, 0, ManifestCodec.Write(manifest)), cancellation);
            CatalogManifest? before = current;
            stands = true;
            Volatile.Write(ref current, manifest);
            Volatile.Write(ref savedStamp, manifest.Stamp);
            Volatile.Write(ref coveredStamp, manifest.Stamp);
            Volatile.Write(ref neededSequence, manifest.JournalEnd);
            savedState = state;
            saved!();
            await objects.KeepOnlyAsync(before, manifest, cancellation);
        }
        catch (Exception e)
        {
            if (forDeletes && !stands)
                Volatile.Write(ref deletesWait, true);
            if (e is not OperationCanceledException && !stands)
                await ForgetAttemptAsync(mayArrive, cancellation);
            throw;
        }
        finally
        {
            Volatile.Write(ref heldSequence, ulong.MaxValue);
        }
    }

    private CatalogMoment Capture(bool isPoint)
    {
        // The journal keeps what this save reads, until it ends.
        ulong first = Math.Min(maps.Checkpoint.JournalSequence, maps.NeededSequence);
        Volatile.Write(ref heldSequence, first);
        return new(metadataRows, mapRows, journal.NextSequence, first, time.GetUtcNow(), isPoint);
    }

    /// <summary>Replaces the manifest. An answer that was lost is settled by reading it back.</summary>
    private async Task<string> ReplaceAsync(byte[] content, CancellationToken cancellation)
    {
        try
        {
            return await store.CompareAndSetAsync(CatalogObject.ManifestKey, tag, content, cancellation);
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Retry or ObjectStoreError.Exists)
        {
            // Until it is read, what stands is not known: nothing may be built on it.
            isKnown = false;
            if (await store.HeadAsync(CatalogObject.ManifestKey, cancellation) is { } found && found.LengthBytes == content.Length)
            {
                byte[] there = new byte[content.Length];
                await store.GetAsync(CatalogObject.ManifestKey, 0, there, cancellation);
                if (there.AsSpan().SequenceEqual(content))
                {
                    isKnown = true;
                    return found.Tag;
                }
            }
            throw;
        }
    }

    /// <summary>What a manifest may name that was not answered for stays; everything else is nobody's, and goes now or after the next save.</summary>
    private async Task ForgetAttemptAsync(bool mayArrive, CancellationToken cancellation)
    {
        if (mayArrive)
            objects.KeepUnnamed();
        try
        {
            await objects.DeleteUnnamedAsync(cancellation);
        }
        catch (ObjectStoreException)
        {
            // After the next save.
        }
    }

    /// <summary>
    /// The store has no space for a save, and only a save would let segments be deleted. So the catalog goes: until the next save stands, which the space makes possible, only the files of the
    /// data directory have the map.
    /// </summary>
    private async Task GiveUpAsync()
    {
        try
        {
            bool hadOne = current is not null;
            Volatile.Write(ref deletesWait, false);
            long stamp = maps.Stamp;
            await store.DeleteAsync(CatalogObject.ManifestKey, stop.Token);
            CatalogManifest? before = current;
            Volatile.Write(ref current, null);
            tag = null;
            await objects.KeepOnlyAsync(before, null, stop.Token);
            Volatile.Write(ref neededSequence, ulong.MaxValue);
            // No later save shows an older map.
            Volatile.Write(ref coveredStamp, stamp);
            if (hadOne)
                VolumesLog.CatalogGivenUp(logger);
            saved!();
        }
        catch (ObjectStoreException e)
        {
            Volatile.Write(ref deletesWait, true);
            isFull = false;
            VolumesLog.CatalogFails(logger, e);
        }
    }
}

using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// Puts and deletes objects of the catalog, and knows which of them no manifest names. Owned by the saver; one call at a time.
/// </summary>
internal sealed class CatalogObjects(IObjectStore store, Guid poolId, TimeProvider time)
{
    private const int MaxAttempts = 3;
    private readonly HashSet<ulong> unnamed = [], doubtful = [];

    /// <summary>The number of the next object.</summary>
    public ulong NextNumber { get; private set; }

    /// <summary>Most bytes of a payload.</summary>
    public int PieceBytes { get; } = Math.Min(4 << 20, store.Capabilities.MaxObjectBytes) - CatalogObject.HeaderBytes;

    /// <summary>Finds what earlier lives left that no manifest names; numbers go on behind all there are.</summary>
    public async Task FindLeftOversAsync(CatalogManifest? current, CancellationToken cancellation)
    {
        NextNumber = Math.Max(Math.Max(NextNumber, 1), current?.NextNumber ?? 0);
        HashSet<ulong> named = [.. current?.All.Select(entry => entry.Number) ?? []];
        await foreach (ObjectInfo found in store.ListAsync(CatalogObject.Prefix, cancellation))
        {
            if (!CatalogObject.TryParseKey(found.Key, out ulong number))
                continue;
            NextNumber = Math.Max(NextNumber, number + 1);
            if (!named.Contains(number))
                unnamed.Add(number);
        }
    }

    /// <summary>
    /// Stores a payload. Each attempt has a number of its own, so that a late one never meets another. What is kept for replacing objects is used only where there is no other space.
    /// </summary>
    /// <exception cref="ObjectStoreException">The store did not take it.</exception>
    public async Task<CatalogEntry> PutAsync(CatalogKind kind, ReadOnlyMemory<byte> payload, ulong firstSequence, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            ulong number = NextNumber++;
            unnamed.Add(number);
            byte[] content = CatalogObject.Write(kind, poolId, number, payload.Span);
            try
            {
                await store.PutFromReserveAsync(CatalogObject.Key(number), content, cancellation);
                return new(number, content.Length, firstSequence);
            }
            catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Retry or ObjectStoreError.Exists && attempt < MaxAttempts)
            {
                await Task.Delay(BackOff.Delay(attempt, time), time, cancellation);
            }
        }
    }

    /// <summary>A manifest may arrive yet that names objects put so far: they stay until another one stands.</summary>
    public void KeepUnnamed() => doubtful.UnionWith(unnamed);

    /// <summary>A manifest stands: deletes what it does not name, as far as the store lets it. What cannot be deleted now is deleted later.</summary>
    public Task KeepOnlyAsync(CatalogManifest? before, CatalogManifest? now, CancellationToken cancellation)
    {
        doubtful.Clear();
        unnamed.UnionWith(before?.All.Select(entry => entry.Number) ?? []);
        unnamed.ExceptWith(now?.All.Select(entry => entry.Number) ?? []);
        return DeleteUnnamedAsync(cancellation);
    }

    /// <summary>Deletes what no manifest names, nor one that may still arrive.</summary>
    public async Task DeleteUnnamedAsync(CancellationToken cancellation)
    {
        foreach (ulong number in unnamed.Except(doubtful).ToList())
        {
            await store.DeleteAsync(CatalogObject.Key(number), cancellation);
            unnamed.Remove(number);
        }
    }
}

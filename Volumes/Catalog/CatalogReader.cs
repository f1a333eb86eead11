using Lunaria.Volumes.Backend;

namespace Lunaria.Volumes.Catalog;

/// <summary>Reads the catalog of a store, object by object. Stateless; any thread.</summary>
internal sealed class CatalogReader(IObjectStore store)
{
    private const int MaxManifestBytes = 64 << 20;

    /// <summary>The manifest with its pool and its entity tag; null where the store has none.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or newer than this program.</exception>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public async Task<(CatalogManifest Manifest, Guid PoolId, string Tag)?> ReadManifestAsync(CancellationToken cancellation)
    {
        if (await store.HeadAsync(CatalogObject.ManifestKey, cancellation) is not { } found)
            return null;
        byte[] content = await GetAsync(CatalogObject.ManifestKey, checked((int)Math.Min(found.LengthBytes, MaxManifestBytes)), cancellation);
        ReadOnlyMemory<byte> payload = CatalogObject.Read(CatalogObject.ManifestKey, content, CatalogKind.Manifest, null, 0, out Guid pool);
        return (ManifestCodec.Read(payload.Span), pool, found.Tag);
    }

    /// <summary>The payload of an object that a manifest names.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    /// <exception cref="ObjectStoreException">The store failed, or does not have it.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(CatalogKind kind, CatalogEntry entry, Guid poolId, CancellationToken cancellation)
    {
        string key = CatalogObject.Key(entry.Number);
        return CatalogObject.Read(key, await GetAsync(key, entry.LengthBytes, cancellation), kind, poolId, entry.Number, out _);
    }

    private async Task<byte[]> GetAsync(string key, int lengthBytes, CancellationToken cancellation)
    {
        byte[] content = new byte[lengthBytes];
        await store.GetAsync(key, 0, content, cancellation);
        return content;
    }
}

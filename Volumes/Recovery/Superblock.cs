using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// The object that says to which lunaria.db a store belongs (docs/FORMATS.md, "Superblock"): metadata never meets a store of another pool, an emptied one,
/// or a new lunaria.db a used store. Checked by the process once in a life, before the engine opens; a store that other machines can reach is claimed by
/// <see cref="StoreOwnership"/> instead. Stateless; any thread.
/// </summary>
public static class Superblock
{
    internal const string Key = "superblock";

    /// <summary>
    /// Claims an empty store for the pool of <paramref name="metadata"/>, or checks that the store is its own. <paramref name="mayBeLost"/>: the store goes on without a part that may have had
    /// the superblock, and somebody has said so; then a store without one is taken for the right one.
    /// </summary>
    /// <exception cref="InvalidDataException">It is not. The message names both and the remedy.</exception>
    public static async ValueTask CheckAsync(IObjectStore store, MetadataDatabase metadata, bool mayBeLost = false)
    {
        if (await store.HeadAsync(Key, CancellationToken.None) is { } found)
            CheckPool(await ReadAsync(store, found), metadata.PoolId);
        else
        {
            if (!mayBeLost)
                CheckUnused(metadata);
            await store.PutIfAbsentAsync(Key, SuperblockCodec.WriteUnowned(metadata.PoolId), CancellationToken.None);
        }
    }

    /// <summary>Throws where the store is empty, but this lunaria.db has volumes.</summary>
    internal static void CheckUnused(MetadataDatabase metadata)
    {
        if (metadata.ReadVolumes().Count > 0)
            throw new InvalidDataException(
                $"The object store is empty or not the one of this lunaria.db (pool {metadata.PoolId}), which has volumes. Give back the store that it was used with.");
    }

    /// <summary>Throws where the store is another pool's.</summary>
    internal static void CheckPool(Guid owner, Guid mine)
    {
        if (owner != mine)
            throw new InvalidDataException(
                $"The object store holds the data of pool {owner}, but lunaria.db is new or of another one ({mine}). Restore the lunaria.db that the store was used with, or use an empty store.");
    }

    private static async ValueTask<Guid> ReadAsync(IObjectStore store, ObjectInfo found)
    {
        byte[] content = new byte[Math.Min(found.LengthBytes, SuperblockCodec.MaxBytes)];
        await store.GetAsync(Key, 0, content, CancellationToken.None);
        return SuperblockCodec.Read(content).PoolId;
    }
}

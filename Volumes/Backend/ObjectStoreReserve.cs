namespace Lunaria.Volumes.Backend;

/// <summary>Puts that may take what a store keeps in reserve. Stateless.</summary>
internal static class ObjectStoreReserve
{
    /// <summary>As <see cref="IObjectStore.PutIfAbsentAsync"/>; where there is no space, from the reserve. For what is going to free more than it takes, or lets something be freed.</summary>
    public static async ValueTask PutFromReserveAsync(this IObjectStore store, string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        try
        {
            await store.PutIfAbsentAsync(key, content, cancellation);
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.OutOfSpace)
        {
            // What stands alone under its key can be set as well as put.
            await store.CompareAndSetAsync(key, null, content, cancellation);
        }
    }
}

using Lunaria.Volumes.Backend;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// A shared store as its owner sees it: nothing changes in it, and no change is reported as done, without the right to it. Before each delete, which no
/// store can make conditional, the superblock is looked at. Owned by <see cref="StoreOwnership"/>; thread-safe.
/// </summary>
internal sealed class OwnedStore(IObjectStore store, StoreOwnership ownership) : IObjectStore
{
    /// <inheritdoc/>
    public ObjectStoreCapabilities Capabilities => store.Capabilities;

    /// <inheritdoc/>
    public ObjectStoreSpace? Space => store.Space;

    /// <inheritdoc/>
    public ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        WriteAsync(() => store.PutIfAbsentAsync(key, content, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        WriteAsync(() => store.CompareAndSetAsync(key, expectedTag, content, cancellation), cancellation);

    /// <inheritdoc/>
    public bool TryGet(string key, long offsetBytes, Span<byte> destination) => store.TryGet(key, offsetBytes, destination);

    /// <inheritdoc/>
    public ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation) =>
        store.GetAsync(key, offsetBytes, destination, cancellation);

    /// <inheritdoc/>
    public ValueTask<bool> MendAsync(string key, CancellationToken cancellation) => store.MendAsync(key, cancellation);

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation) => store.HeadAsync(key, cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellation) => store.ListAsync(prefix, cancellation);

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellation)
    {
        await ownership.RequireNowAsync(cancellation);
        await store.DeleteAsync(key, cancellation);
    }

    /// <inheritdoc/>
    public void BeginPrefix(string prefix) => store.BeginPrefix(prefix);

    /// <inheritdoc/>
    public bool HasOwnKey(string prefix) => store.HasOwnKey(prefix);

    /// <inheritdoc/>
    public async ValueTask ForgetKeysAsync(Func<string, bool> isGone, CancellationToken cancellation)
    {
        await ownership.RequireNowAsync(cancellation);
        await store.ForgetKeysAsync(isGone, cancellation);
    }

    /// <summary>Nothing: the store belongs to whoever opened it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<string> WriteAsync(Func<ValueTask<string>> write, CancellationToken cancellation)
    {
        await ownership.RequireAsync(cancellation);
        string tag;
        try
        {
            tag = await write();
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Exists)
        {
            // Maybe the fence of a new owner: then this is over, whatever the engine makes of the collision.
            await ownership.RequireNowAsync(cancellation);
            throw;
        }
        await ownership.RequireAsync(cancellation);
        return tag;
    }
}

using Lunaria.Backends.Sealing;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>Sealed stores for tests, and keys that are the same each time.</summary>
internal static class TestSealing
{
    /// <summary>A wrapping key that a name determines.</summary>
    public static WrappingKey Key(string name) => new(Content.Of(name, WrappingKey.Bytes));

    /// <summary>Opens a store as an appliance does that owns it.</summary>
    public static async Task<SealedStore> OpenAsync(IObjectStore inner, string? key = "key", bool packs = false)
    {
        SealedStore store = await SealedStore.OpenAsync(inner, new SealingOptions(key is null ? null : Key(key), packs), CancellationToken.None)
            ?? throw new AssertFailedException("The store is not sealed.");
        await store.BeginAsync(CancellationToken.None);
        return store;
    }

    /// <summary>A sealed store in memory, and what is inside.</summary>
    public static async Task<(SealedStore Store, MemoryObjectStore Inner)> CreateAsync(string? key = "key", bool packs = false)
    {
        var inner = new MemoryObjectStore();
        return (await OpenAsync(inner, key, packs), inner);
    }

    public static async Task PutAsync(this IObjectStore store, string key, byte[] content) => await store.PutIfAbsentAsync(key, content, CancellationToken.None);

    public static async Task<ObjectStoreError> ReadFailsAsync(this IObjectStore store, string key, long offsetBytes = 0, int lengthBytes = 1) =>
        (await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => store.GetAsync(key, offsetBytes, new byte[lengthBytes], CancellationToken.None).AsTask())).Error;
}

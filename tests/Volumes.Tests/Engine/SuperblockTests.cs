using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;

namespace Lunaria.Volumes.Tests.Engine;

[TestClass]
public sealed class SuperblockTests
{
    [TestMethod]
    public async Task An_empty_store_is_claimed_and_known_again()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new MemoryObjectStore();
        using var metadata = Open(directory, "a.db");
        await Superblock.CheckAsync(store, metadata);
        metadata.CreateVolume(Guid.NewGuid(), "v", 4096);
        await Superblock.CheckAsync(store, metadata);
    }

    [TestMethod]
    public async Task A_store_of_another_pool_is_refused_with_both_names()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new MemoryObjectStore();
        using var first = Open(directory, "a.db");
        using var second = Open(directory, "b.db");
        await Superblock.CheckAsync(store, first);
        var e = await Assert.ThrowsExactlyAsync<InvalidDataException>(async () => await Superblock.CheckAsync(store, second));
        StringAssert.Contains(e.Message, first.PoolId.ToString());
        StringAssert.Contains(e.Message, second.PoolId.ToString());
    }

    [TestMethod]
    public async Task An_empty_store_beside_volumes_is_refused_and_stays_empty()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new MemoryObjectStore();
        using var metadata = Open(directory, "a.db");
        metadata.CreateVolume(Guid.NewGuid(), "v", 4096);
        await Assert.ThrowsExactlyAsync<InvalidDataException>(async () => await Superblock.CheckAsync(store, metadata));
        Assert.AreEqual(0, store.UsedBytes);
    }

    [TestMethod]
    public async Task Every_damaged_byte_is_found()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new MemoryObjectStore();
        using var metadata = Open(directory, "a.db");
        await Superblock.CheckAsync(store, metadata);
        var content = new byte[64];
        await store.GetAsync("superblock", 0, content, CancellationToken.None);
        for (var i = 0; i < content.Length; i++)
        {
            content[i] ^= 0x10;
            await using var damaged = await StoreWithAsync(content);
            await Assert.ThrowsExactlyAsync<InvalidDataException>(async () => await Superblock.CheckAsync(damaged, metadata), $"byte {i}");
            content[i] ^= 0x10;
        }

        await using var cut = await StoreWithAsync(content[..63]);
        await Assert.ThrowsExactlyAsync<InvalidDataException>(async () => await Superblock.CheckAsync(cut, metadata));
        await using var whole = await StoreWithAsync(content);
        await Superblock.CheckAsync(whole, metadata);
    }

    private static async Task<MemoryObjectStore> StoreWithAsync(byte[] superblock)
    {
        var store = new MemoryObjectStore();
        await store.PutIfAbsentAsync("superblock", superblock.ToArray(), CancellationToken.None);
        return store;
    }

    private static MetadataDatabase Open(TemporaryDirectory directory, string name) => MetadataDatabase.Open(directory[name], TimeProvider.System);
}

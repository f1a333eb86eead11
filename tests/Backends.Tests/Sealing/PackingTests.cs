using System.Text;
using Lunaria.Backends.Sealing;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>Compression: what is packed, what is not, and that both come back.</summary>
[TestClass]
public sealed class PackingTests
{
    private const string A = "volumes/a";

    /// <summary>Text, then noise, then zeros: some frames pack, some do not.</summary>
    private static byte[] Mixed(int lengthBytes, int seed)
    {
        byte[] content = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, lengthBytes / 16 + 1).Select(i => $"word {i,10} ")))[..lengthBytes];
        new Random(seed).NextBytes(content.AsSpan(lengthBytes / 3, lengthBytes / 4));
        content.AsSpan(lengthBytes * 5 / 6).Clear();
        return content;
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("key")]
    public async Task Any_range_of_a_packed_object_is_what_was_put(string? key)
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync(key, packs: true);
        int seed = Seed.One();
        var random = new Random(seed);
        foreach (int length in new[] { 100, 5000, 32768, 32769, 200_000, 3 << 20 })
        {
            byte[] content = Mixed(length, seed);
            string name = $"volumes/{length}";
            await store.PutAsync(name, content);
            if (length > 40_000)
                Assert.IsLessThan(length * 7 / 8 + SealedHeader.Bytes + 100 * 16, inner.Content(name).Length, "it was packed");
            store = await TestSealing.OpenAsync(inner, key, packs: true);
            CollectionAssert.AreEqual(content, await store.ReadAllAsync(name), $"{length}, seed {seed}");
            for (int i = 0; i < 50; i++)
            {
                int at = random.Next(length), count = random.Next(1, Math.Min(length - at, 100_000) + 1);
                byte[] read = new byte[count], again = new byte[count];
                await store.GetAsync(name, at, read, CancellationToken.None);
                Assert.IsTrue(content.AsSpan(at, count).SequenceEqual(read), $"{count} at {at} of {length}, seed {seed}");
                Assert.IsTrue(store.TryGet(name, at, again) && read.SequenceEqual(again), $"without waiting: {count} at {at} of {length}, seed {seed}");
            }
            Assert.AreEqual(ObjectStoreError.Fatal, await store.ReadFailsAsync(name, length));
        }
    }

    [TestMethod]
    public async Task What_does_not_get_shorter_by_an_eighth_goes_in_as_it_is()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync(key: null, packs: true);
        byte[] noise = Content.Of("noise", 1 << 20), nearly = Content.Of("nearly", 1 << 20);
        for (int frame = 0; frame < 32; frame++)
            nearly.AsSpan(frame * 32768, 3500).Clear(); // a tenth
        foreach (byte[] content in new[] { noise, nearly, [], [1] })
        {
            await store.PutAsync($"volumes/{content.Length}-{content.FirstOrDefault()}", content);
            CollectionAssert.AreEqual(content, inner.Content($"volumes/{content.Length}-{content.FirstOrDefault()}"));
        }
        nearly.AsSpan(0, 1 << 18).Clear();
        await store.PutAsync(A, nearly);
        Assert.IsLessThan(900_000, inner.Content(A).Length);
        CollectionAssert.AreEqual(nearly, await store.ReadAllAsync(A));
    }

    [TestMethod]
    public async Task What_looks_sealed_and_is_not_comes_back_as_it_was_put()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync(key: null, packs: true);
        await store.PutAsync("volumes/packed", new byte[100_000]);
        byte[] content = inner.Content("volumes/packed"), noise = [.. "LUNASEAL"u8, .. Content.Of("noise", 10_000)];
        await store.PutAsync(A, content);
        await store.PutAsync("volumes/noise", noise);
        foreach (SealedStore each in new[] { store, await TestSealing.OpenAsync(inner, null) })
        {
            CollectionAssert.AreEqual(content, await each.ReadAllAsync(A));
            CollectionAssert.AreEqual(noise, await each.ReadAllAsync("volumes/noise"));
        }
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("key")]
    public async Task Any_flipped_byte_of_a_packed_object_is_damage(string? key)
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync(key, packs: true);
        await store.PutAsync(A, Mixed(200_000, 1));
        int length = inner.Content(A).Length, seed = Seed.One();
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            int at = random.Next(length);
            inner.Corrupt(A, at);
            SealedStore fresh = await TestSealing.OpenAsync(inner, key, packs: true);
            if (at >= 8 || key is not null) // without its magic and key it is an object like any other
                Assert.AreEqual(ObjectStoreError.Damaged, await fresh.ReadFailsAsync(A, 0, 200_000), $"byte {at}, seed {seed}");
            inner.Corrupt(A, at);
        }
    }

    [TestMethod]
    public async Task Turned_off_again_all_is_read_and_encrypted_later_too()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync(key: null, packs: true);
        byte[] content = Mixed(500_000, 3);
        await store.PutAsync(A, content);
        store = await TestSealing.OpenAsync(inner, null);
        CollectionAssert.AreEqual(content, await store.ReadAllAsync(A));
        await store.PutAsync("volumes/b", content);
        CollectionAssert.AreEqual(content, inner.Content("volumes/b"), "what comes is not packed");
        store = await TestSealing.OpenAsync(inner, "key");
        await store.PutAsync("volumes/c", content);
        foreach (string name in new[] { A, "volumes/b", "volumes/c" })
            CollectionAssert.AreEqual(content, await (await TestSealing.OpenAsync(inner)).ReadAllAsync(name), name);
    }

    [TestMethod]
    public async Task Stored_bytes_are_counted()
    {
        (SealedStore store, _) = await TestSealing.CreateAsync(key: null, packs: true);
        await store.PutAsync(A, new byte[1 << 20]);
        await store.PutAsync("volumes/b", Content.Of("b", 1 << 20));
        SealingStatus status = store.GetStatus();
        Assert.AreEqual(2 << 20, status.PutBytes);
        Assert.IsTrue(status.StoredBytes is > 1 << 20 and < (1 << 20) + 20_000, $"{status.StoredBytes}");
    }
}

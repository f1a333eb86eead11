using Lunaria.Backends.Sealing;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>Keys: which opens what, how they change, and what is done where one is missing.</summary>
[TestClass]
public sealed class KeyRingTests
{
    private const string A = "volumes/a", B = "volumes/b";

    [TestMethod]
    public async Task A_store_without_keys_is_used_as_it_is()
    {
        var inner = new MemoryObjectStore();
        Assert.IsNull(await SealedStore.OpenAsync(inner, new SealingOptions(null), CancellationToken.None));
        Assert.IsEmpty(inner.Keys);
    }

    [TestMethod]
    public async Task Opening_changes_nothing_and_nothing_can_be_put_before_the_store_is_owned()
    {
        var inner = new MemoryObjectStore();
        SealedStore store = (await SealedStore.OpenAsync(inner, new SealingOptions(TestSealing.Key("key")), CancellationToken.None))!;
        await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => store.PutAsync(A, [1]));
        Assert.IsEmpty(inner.Keys);
        await store.BeginAsync(CancellationToken.None);
        await store.PutAsync(A, [1]);
        CollectionAssert.AreEqual(new[] { "keyring", "keyring.copy", A }, inner.Keys.ToArray());
    }

    [TestMethod]
    public async Task Bucket_and_key_are_enough_and_nothing_else_opens_it()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 10_000));
        CollectionAssert.AreEqual(Content.Of(A, 10_000), await (await TestSealing.OpenAsync(inner)).ReadAllAsync(A));

        byte[][] before = [.. inner.Keys.Select(inner.Content)];
        foreach ((string? key, string says) in new[] { (null, "backend.encryptionKey is not set"), ("other", $"is key {TestSealing.Key("other").Id}, not {TestSealing.Key("key").Id}") })
        {
            string message = (await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestSealing.OpenAsync(inner, key))).Message;
            StringAssert.Contains(message, says);
            StringAssert.Contains(message, "Nothing was changed");
        }
        Assert.IsTrue(before.Zip(inner.Keys.Select(inner.Content)).All(pair => pair.First.SequenceEqual(pair.Second)));
    }

    [TestMethod]
    public async Task A_rotation_writes_no_object_again_and_forgets_the_former_key_at_the_next_start()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 10_000));
        byte[] stored = inner.Content(A);
        await store.RotateAsync(TestSealing.Key("next"), CancellationToken.None);
        CollectionAssert.AreEqual(new[] { TestSealing.Key("key").Id, TestSealing.Key("next").Id }, store.GetStatus().KeyIds.ToArray());
        await store.PutAsync(B, Content.Of(B, 100));

        // Until it is in the settings, the former key still opens the store; that start makes it the only one again.
        MemoryObjectStore undone = inner.Copy(new Random(1));
        CollectionAssert.AreEqual(Content.Of(B, 100), await (await TestSealing.OpenAsync(undone)).ReadAllAsync(B));
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestSealing.OpenAsync(undone, "next"));

        SealedStore after = await TestSealing.OpenAsync(inner, "next");
        CollectionAssert.AreEqual(Content.Of(A, 10_000), await after.ReadAllAsync(A));
        CollectionAssert.AreEqual(stored, inner.Content(A));
        CollectionAssert.AreEqual(new[] { TestSealing.Key("next").Id }, after.GetStatus().KeyIds.ToArray());
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestSealing.OpenAsync(inner, "key"));
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => after.RotateAsync(TestSealing.Key("next"), CancellationToken.None).AsTask());
    }

    [TestMethod]
    public async Task A_new_data_key_seals_what_comes_and_former_objects_are_read()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 100));
        await store.AddDataKeyAsync(CancellationToken.None);
        await store.PutAsync(B, Content.Of(B, 100));
        Assert.AreEqual(2, store.GetStatus().DataKeys);
        Assert.AreEqual(1, inner.Content(A)[24]);
        Assert.AreEqual(2, inner.Content(B)[24]);
        SealedStore again = await TestSealing.OpenAsync(inner);
        CollectionAssert.AreEqual(Content.Of(A, 100), await again.ReadAllAsync(A));
        CollectionAssert.AreEqual(Content.Of(B, 100), await again.ReadAllAsync(B));
    }

    [TestMethod]
    [DataRow("keyring")]
    [DataRow("keyring.copy")]
    public async Task One_of_both_rings_may_be_lost_or_damaged(string lost)
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 100));
        byte[] ring = inner.Content(lost);
        foreach (Action harm in new Action[] { () => inner.Replace(lost, null), () => inner.Corrupt(lost, 60), () => inner.Replace(lost, ring[..50]), () => inner.Replace(lost, []) })
        {
            harm();
            CollectionAssert.AreEqual(Content.Of(A, 100), await (await TestSealing.OpenAsync(inner)).ReadAllAsync(A));
            CollectionAssert.AreEqual(inner.Content("keyring"), inner.Content("keyring.copy"), "it was mended");
        }
    }

    [TestMethod]
    public async Task Without_any_ring_a_store_with_sealed_objects_is_left_alone()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 100));
        byte[] ring = inner.Content("keyring");
        inner.Corrupt("keyring", 60);
        inner.Corrupt("keyring.copy", 60);
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestSealing.OpenAsync(inner))).Message, "damaged in both places");
        inner.Replace("keyring", null);
        inner.Replace("keyring.copy", null);
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestSealing.OpenAsync(inner))).Message, "no key ring that opens them");
        CollectionAssert.AreEqual(new[] { A }, inner.Keys.ToArray());

        ring[8] = 3; // a newer version
        inner.Replace("keyring", ring);
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestSealing.OpenAsync(inner))).Message, "version 3");
    }

    [TestMethod]
    public async Task A_ring_that_somebody_without_the_key_changed_opens_nothing()
    {
        (_, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        foreach (int at in new[] { 20, 40, 50, 60, 80, 120, 150 })
        {
            byte[] ring = inner.Content("keyring"), changed = [.. ring];
            changed[at] ^= 1;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(^4..), Lunaria.Volumes.Io.Crc32C.Compute(changed.AsSpan(..^4)));
            MemoryObjectStore copy = inner.Copy(new Random(1));
            copy.Replace("keyring", changed);
            copy.Replace("keyring.copy", changed);
            await Assert.ThrowsExactlyAsync<InvalidDataException>(() => TestSealing.OpenAsync(copy), $"byte {at}");
        }
    }

    [TestMethod]
    public async Task Turned_on_later_what_is_there_is_read_as_it_is_and_what_comes_is_sealed()
    {
        var inner = new MemoryObjectStore();
        byte[] plain = Content.Of(A, 10_000), tiny = Content.Of("tiny", 5), zero = [];
        await inner.PutAsync(A, plain);
        await inner.PutAsync("volumes/tiny", tiny);
        await inner.PutAsync("volumes/zero", zero);
        SealedStore store = await TestSealing.OpenAsync(inner);
        await store.PutAsync(B, Content.Of(B, 10_000));
        store = await TestSealing.OpenAsync(inner);
        Assert.IsTrue(store.GetStatus().HasPlainObjects);
        foreach ((string key, byte[] content) in new[] { (A, plain), ("volumes/tiny", tiny), ("volumes/zero", zero), (B, Content.Of(B, 10_000)) })
        {
            CollectionAssert.AreEqual(content, await store.ReadAllAsync(key), key);
            byte[] read = new byte[content.Length];
            Assert.IsTrue(store.TryGet(key, 0, read) && content.SequenceEqual(read), key);
            Assert.AreEqual(ObjectStoreError.Fatal, await store.ReadFailsAsync(key, content.Length));
        }
        Assert.AreEqual(-1, inner.Content(B).AsSpan().IndexOf(Content.Of(B, 10_000).AsSpan(0, 16)));
        await store.DeleteAsync(A, CancellationToken.None);
        await store.PutAsync(A, Content.Of("again", 50));
        CollectionAssert.AreEqual(Content.Of("again", 50), await store.ReadAllAsync(A));
    }

    [TestMethod]
    public async Task Of_two_that_make_the_ring_at_once_one_wins_and_both_read_all()
    {
        var inner = new MemoryObjectStore();
        SealedStore[] both = await Task.WhenAll(TryAsync(), TryAsync());
        SealedStore winner = both.First(store => store is not null);
        await winner.PutAsync(A, Content.Of(A, 100));
        CollectionAssert.AreEqual(Content.Of(A, 100), await (await TestSealing.OpenAsync(inner)).ReadAllAsync(A));

        async Task<SealedStore> TryAsync()
        {
            try
            {
                return await TestSealing.OpenAsync(inner);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Exists)
            {
                return null!;
            }
        }
    }

    [TestMethod]
    public async Task A_crash_between_the_two_rings_of_a_change_loses_neither_key()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 100));
        byte[] before = inner.Content("keyring");
        await store.RotateAsync(TestSealing.Key("next"), CancellationToken.None);
        await store.AddDataKeyAsync(CancellationToken.None);
        inner.Replace("keyring.copy", before);
        await store.PutAsync(B, Content.Of(B, 100));
        SealedStore again = await TestSealing.OpenAsync(inner, "next");
        CollectionAssert.AreEqual(Content.Of(A, 100), await again.ReadAllAsync(A));
        CollectionAssert.AreEqual(Content.Of(B, 100), await again.ReadAllAsync(B));
        CollectionAssert.AreEqual(inner.Content("keyring"), inner.Content("keyring.copy"));
    }

    [TestMethod]
    public async Task Two_rings_of_one_revision_that_differ_are_made_equal_at_the_next_start()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        MemoryObjectStore other = inner.Copy(new Random(1));
        await store.AddDataKeyAsync(CancellationToken.None);
        await (await TestSealing.OpenAsync(other)).AddDataKeyAsync(CancellationToken.None);
        inner.Replace("keyring.copy", other.Content("keyring"));
        await TestSealing.OpenAsync(inner);
        CollectionAssert.AreEqual(inner.Content("keyring"), inner.Content("keyring.copy"));
    }
}

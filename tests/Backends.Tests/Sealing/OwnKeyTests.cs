using Lunaria.Backends.Pool;
using Lunaria.Backends.Sealing;
using Lunaria.Backends.Tests.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>Keys of their own for what lies below a prefix, and what is left when they are thrown away.</summary>
[TestClass]
public sealed class OwnKeyTests
{
    private const string First = "volumes/8c6d0f9e-0d53-4d0c-9a52-0d2f5b6a7c11/", Second = "volumes/8c6d0f9e-0d53-4d0c-9a52-0d2f5b6a7c12/", A = First + "01/a", B = Second + "01/b", Shared = "catalog/1";

    [TestMethod]
    public async Task What_is_thrown_away_opens_nothing_not_even_an_object_that_was_kept()
    {
        (SealedStore store, MemoryObjectStore inner) = await CreateAsync();
        byte[] kept = inner.Content(A);
        Assert.HasCount(3, new[] { A, B, Shared }.Select(key => inner.Content(key)[24]).Distinct(), "each has another key");
        await store.DeleteAsync(A, CancellationToken.None);
        await store.ForgetKeysAsync(prefix => prefix == First, CancellationToken.None);
        inner.Replace(A, kept);
        for (int life = 0; life < 2; life++)
        {
            Assert.AreEqual(ObjectStoreError.Damaged, await store.ReadFailsAsync(A));
            CollectionAssert.AreEqual(Content.Of(B, 9000), await store.ReadAllAsync(B));
            CollectionAssert.AreEqual(Content.Of(Shared, 9000), await store.ReadAllAsync(Shared));
            Assert.IsFalse(store.HasOwnKey(First));
            Assert.IsTrue(store.HasOwnKey(Second));
            store = await TestSealing.OpenAsync(inner);
        }
    }

    [TestMethod]
    public async Task Only_prefixes_that_were_begun_have_keys_of_their_own_and_the_key_comes_with_the_first_object()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, [1]);
        Assert.IsFalse(store.HasOwnKey(First));
        byte[] ring = inner.Content("keyring");
        store.BeginPrefix(Second);
        Assert.IsTrue(store.HasOwnKey(Second));
        CollectionAssert.AreEqual(ring, inner.Content("keyring"));
        Assert.AreEqual(1, ring[8], "a former program opens it");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => store.PutAsync(B + i, [2])));
        Assert.AreEqual(2, inner.Content("keyring")[8]);
        Assert.HasCount(1, Enumerable.Range(0, 8).Select(i => inner.Content(B + i)[24]).Distinct());
        Assert.AreEqual(1, inner.Content(A)[24]);
        Assert.AreEqual(1, store.GetStatus().DataKeys);

        SealedStore packed = (await TestSealing.CreateAsync(key: null, packs: true)).Store;
        packed.BeginPrefix(First);
        Assert.IsFalse(packed.HasOwnKey(First), "it is not encrypted");
    }

    [TestMethod]
    public async Task A_new_data_key_is_followed_by_new_ones_of_the_prefixes_and_all_of_them_go_together()
    {
        (SealedStore store, MemoryObjectStore inner) = await CreateAsync();
        await store.AddDataKeyAsync(CancellationToken.None);
        await store.PutAsync(First + "02/a", Content.Of("a", 50));
        Assert.AreNotEqual(inner.Content(A)[24], inner.Content(First + "02/a")[24]);
        store = await TestSealing.OpenAsync(inner);
        CollectionAssert.AreEqual(Content.Of(A, 9000), await store.ReadAllAsync(A));
        CollectionAssert.AreEqual(Content.Of("a", 50), await store.ReadAllAsync(First + "02/a"));
        await store.ForgetKeysAsync(prefix => prefix == First, CancellationToken.None);
        Assert.AreEqual(ObjectStoreError.Damaged, await store.ReadFailsAsync(A));
        Assert.AreEqual(ObjectStoreError.Damaged, await store.ReadFailsAsync(First + "02/a"));
    }

    [TestMethod]
    public async Task A_crash_at_any_change_leaves_a_ring_that_opens_everybody_elses_objects()
    {
        for (int cut = 1, done = 0; done == 0; cut++)
        {
            (SealedStore store, MemoryObjectStore inner) = await CreateAsync();
            int changes = 0;
            inner.BeforeOperation = _ =>
            {
                if (++changes == cut)
                    throw new ObjectStoreException(ObjectStoreError.Retry, "cut");
            };
            try
            {
                await store.ForgetKeysAsync(prefix => prefix == First, CancellationToken.None);
                done = 1;
            }
            catch (ObjectStoreException)
            {
                // What counts is what is found.
            }
            inner.BeforeOperation = null;
            SealedStore again = await TestSealing.OpenAsync(inner);
            CollectionAssert.AreEqual(inner.Content("keyring"), inner.Content("keyring.copy"));
            CollectionAssert.AreEqual(Content.Of(B, 9000), await again.ReadAllAsync(B), $"cut {cut}");
            CollectionAssert.AreEqual(Content.Of(Shared, 9000), await again.ReadAllAsync(Shared), $"cut {cut}");
            await again.ForgetKeysAsync(prefix => prefix == First, CancellationToken.None);
            Assert.AreEqual(ObjectStoreError.Damaged, await again.ReadFailsAsync(A), $"cut {cut}");
        }
    }

    [TestMethod]
    public async Task Where_the_ring_has_no_room_the_prefix_gets_everybodys_key()
    {
        var inner = await TestPool.OpenAsync(new SimDisk(), TestPool.Options, 8 << 20);
        SealedStore store = await TestSealing.OpenAsync(inner);
        int own = 0;
        for (int i = 0; i < 500; i++)
        {
            string prefix = $"volumes/{i:d8}/";
            store.BeginPrefix(prefix);
            await store.PutAsync($"{prefix}a", [1]);
            own += store.HasOwnKey(prefix) ? 1 : 0;
        }
        Assert.IsTrue(own is > 200 and < 400, $"{own}");
        await store.AddDataKeyAsync(CancellationToken.None);
        await store.RotateAsync(TestSealing.Key("next"), CancellationToken.None);
        store = await TestSealing.OpenAsync(inner, "next");
        for (int i = 0; i < 500; i++)
            CollectionAssert.AreEqual(new byte[] { 1 }, await store.ReadAllAsync($"volumes/{i:d8}/a"));
        await store.DisposeAsync();
    }

    [TestMethod]
    public async Task No_former_ring_is_left_in_a_pool()
    {
        SimDisk disk = new();
        LocalPool inner = await TestPool.OpenAsync(disk, TestPool.Options with { Copies = 2, SecretTwins = SealedStore.KeyRingNames }, 4 << 20, 4 << 20);
        SealedStore store = await TestSealing.OpenAsync(inner);
        for (int i = 0; i < 20; i++)
        {
            store.BeginPrefix($"volumes/{i}/");
            await store.PutAsync($"volumes/{i}/a", [1]);
        }
        await store.ForgetKeysAsync(prefix => prefix == "volumes/3/", CancellationToken.None);
        foreach (string name in new[] { "c0", "c1" })
            Assert.AreEqual(2, await KeyRingPlaceTests.CountRingsAsync(disk, name), $"the ring and its copy on {name}");
        await store.DisposeAsync();
    }

    private static async Task<(SealedStore Store, MemoryObjectStore Inner)> CreateAsync()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        store.BeginPrefix(First);
        store.BeginPrefix(Second);
        foreach (string key in new[] { A, B, Shared })
            await store.PutAsync(key, Content.Of(key, 9000));
        return (store, inner);
    }
}

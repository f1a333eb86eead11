using System.Text;
using Lunaria.Backends.Sealing;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>What an encrypted store keeps from those who can change what is inside it.</summary>
[TestClass]
public sealed class SealedStoreTests
{
    private const string A = "volumes/a", B = "volumes/b";
    private const int Frame = SealedHeader.PlainFrameBytes + FrameGuard.LongestCheck;

    [TestMethod]
    public async Task Nothing_of_an_object_is_seen_inside()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        byte[] content = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("the same words again and again. ", 2000)));
        await store.PutAsync(A, content);
        await store.PutAsync(B, content);
        foreach (string key in inner.Keys)
            Assert.AreEqual(-1, inner.Content(key).AsSpan().IndexOf("the same words"u8), key);
        Assert.AreEqual(-1, inner.Content(A).AsSpan(SealedHeader.Bytes).IndexOf(inner.Content(B).AsSpan(SealedHeader.Bytes, 16)), "equal objects look alike");
        Assert.AreEqual(-1, inner.Content(A).AsSpan(SealedHeader.Bytes + Frame).IndexOf(inner.Content(A).AsSpan(SealedHeader.Bytes, 16)), "equal frames look alike");
    }

    [TestMethod]
    public async Task Any_flipped_byte_is_damage_of_its_frame_and_of_no_other()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        byte[] content = Content.Of(A, 5 * 4096 + 100);
        await store.PutAsync(A, content);
        int seed = Seed.One();
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            int frame = random.Next(6), length = frame == 5 ? 100 : 4096, at = SealedHeader.Bytes + frame * Frame + random.Next(length + 16);
            inner.Corrupt(A, at);
            Assert.IsFalse(store.TryGet(A, frame * 4096, new byte[1]), $"seed {seed}");
            Assert.AreEqual(ObjectStoreError.Damaged, await store.ReadFailsAsync(A, frame * 4096, length), $"seed {seed}");
            for (int other = 0; other < 6; other++)
                if (other != frame)
                {
                    byte[] read = new byte[other == 5 ? 100 : 4096];
                    await store.GetAsync(A, other * 4096, read, CancellationToken.None);
                    CollectionAssert.AreEqual(content[(other * 4096)..(other * 4096 + read.Length)], read, $"seed {seed}");
                }
            inner.Corrupt(A, at);
        }
        CollectionAssert.AreEqual(content, await store.ReadAllAsync(A));
    }

    [TestMethod]
    public async Task Any_flipped_byte_of_the_first_page_is_damage()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 10_000));
        for (int at = 0; at < SealedHeader.Bytes; at = at < 100 ? at + 1 : at + 97)
        {
            inner.Corrupt(A, at);
            SealedStore fresh = await TestSealing.OpenAsync(inner);
            Assert.AreEqual(ObjectStoreError.Damaged, await fresh.ReadFailsAsync(A), $"byte {at}");
            Assert.IsNotNull(await fresh.HeadAsync(A, CancellationToken.None), "it is there");
            inner.Corrupt(A, at);
        }
        CollectionAssert.AreEqual(Content.Of(A, 10_000), await (await TestSealing.OpenAsync(inner)).ReadAllAsync(A));
    }

    [TestMethod]
    public async Task Frames_fit_no_other_place_object_or_length()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 3 * 4096));
        await store.PutAsync(B, Content.Of(B, 3 * 4096));
        byte[] a = inner.Content(A), b = inner.Content(B);
        Dictionary<string, byte[]> changes = new()
        {
            ["frames changed places"] = [.. a[..4096], .. a[(4096 + Frame)..(4096 + 2 * Frame)], .. a[4096..(4096 + Frame)], .. a[(4096 + 2 * Frame)..]],
            ["a frame of another object"] = [.. a[..4096], .. b[4096..(4096 + Frame)], .. a[(4096 + Frame)..]],
            ["the frames of another object"] = [.. a[..4096], .. b[4096..]],
            ["another object whole"] = b,
            ["as it was put, plain"] = Content.Of(A, 3 * 4096),
        };
        foreach ((string what, byte[] bytes) in changes)
        {
            inner.Replace(A, bytes);
            Assert.AreEqual(ObjectStoreError.Damaged, await (await TestSealing.OpenAsync(inner)).ReadFailsAsync(A, 0, 4096), what);
            Assert.AreEqual(ObjectStoreError.Damaged, await store.ReadFailsAsync(A, 0, 4096), $"{what}, with its first page known");
        }
        inner.Replace(A, a[..^Frame]);
        Assert.AreEqual(ObjectStoreError.Fatal, await (await TestSealing.OpenAsync(inner)).ReadFailsAsync(A, 8192, 4096), "cut");
        byte[] shorter = [.. a[..^Frame]];
        shorter[17] = 0x20; // 8192 bytes
        inner.Replace(A, shorter);
        Assert.AreEqual(ObjectStoreError.Damaged, await (await TestSealing.OpenAsync(inner)).ReadFailsAsync(A, 0, 4096), "cut, and its length changed to fit");
        inner.Replace(A, a);
        CollectionAssert.AreEqual(Content.Of(A, 3 * 4096), await store.ReadAllAsync(A));
    }

    [TestMethod]
    public async Task An_object_that_was_put_again_is_read_as_it_is_now_also_by_who_knew_it_before()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        SealedStore other = await TestSealing.OpenAsync(inner);
        string tag = await store.CompareAndSetAsync("k", null, Content.Of("1", 10_000), CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of("1", 10_000), await other.ReadAllAsync("k"));
        foreach (int length in new[] { 10_000, 30_000, 100, 0 })
        {
            tag = await store.CompareAndSetAsync("k", tag, Content.Of($"{length}", length), CancellationToken.None);
            byte[] read = new byte[length];
            await other.GetAsync("k", 0, read, CancellationToken.None);
            CollectionAssert.AreEqual(Content.Of($"{length}", length), read);
            CollectionAssert.AreEqual(Content.Of($"{length}", length), await other.ReadAllAsync("k"));
        }
    }

    [TestMethod]
    public async Task A_bit_that_flips_on_the_way_is_read_again()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        await store.PutAsync(A, Content.Of(A, 10_000));
        inner.SpoilGets(2);
        byte[] read = new byte[10_000];
        await store.GetAsync(A, 0, read, CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of(A, 10_000), read);

        store = await TestSealing.OpenAsync(inner);
        inner.SpoilGets(2);
        Assert.AreEqual(10_000, (await store.HeadAsync(A, CancellationToken.None))!.LengthBytes);
    }

    [TestMethod]
    public async Task A_range_is_one_read_of_its_frames_and_allocates_nothing_where_it_does_not_wait()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        byte[] content = Content.Of(A, 1 << 20), block = new byte[4096];
        await store.PutAsync(A, content);
        Assert.IsTrue(store.TryGet(A, 40960, block));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            if (!store.TryGet(A, i % 256 * 4096, block))
                Assert.Fail("not there");
        Assert.IsLessThan(4096, GC.GetAllocatedBytesForCurrentThread() - before);
        CollectionAssert.AreEqual(content[(999 % 256 * 4096)..(999 % 256 * 4096 + 4096)], block);
        inner.Cold = true;
        int gets = 0;
        inner.BeforeOperation = _ => gets++;
        await store.GetAsync(A, 5000, new byte[20_000], CancellationToken.None);
        Assert.AreEqual(1, gets);
    }

    [TestMethod]
    public async Task What_says_whose_the_store_is_stays_plain()
    {
        (SealedStore store, MemoryObjectStore inner) = await TestSealing.CreateAsync();
        byte[] fence = [.. "LUNAFNC\0"u8, .. new byte[56]];
        await store.CompareAndSetAsync("superblock", null, Content.Of("s", 128), CancellationToken.None);
        await store.PutAsync(A, fence);
        CollectionAssert.AreEqual(Content.Of("s", 128), inner.Content("superblock"));
        CollectionAssert.AreEqual(fence, inner.Content(A));
        CollectionAssert.AreEqual(fence, await store.ReadAllAsync(A));
        Assert.AreEqual(64, (await store.ListAllAsync("volumes/")).Single().LengthBytes);
        CollectionAssert.AreEquivalent(new[] { "superblock", A }, (await store.ListAllAsync("")).Select(info => info.Key).ToArray());
    }

    [TestMethod]
    public async Task Sealed_objects_are_as_long_as_the_store_takes_them()
    {
        var inner = new MemoryObjectStore(1 << 20);
        SealedStore store = await TestSealing.OpenAsync(inner);
        Assert.AreEqual(0, store.Capabilities.PreferredSegmentBytes % 4096);
        await store.PutAsync(A, new byte[store.Capabilities.PreferredSegmentBytes]);
        Assert.IsTrue(inner.Content(A).Length is > (1 << 20) - Frame and <= 1 << 20, $"{inner.Content(A).Length}");
        foreach (int length in new[] { 0, 1, 4095, 4096, 4097, 1_000_000 })
        {
            Assert.AreEqual(length, SealedHeader.LengthFromStored(SealedHeader.StoredBytesOf(length, isEncrypted: true)));
            Assert.AreEqual(SealedHeader.StoredBytesOf(length, isEncrypted: true), SealedHeader.Create(length, 1).StoredBytes);
        }
    }
}

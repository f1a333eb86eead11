using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Contract;

/// <summary>What every object store must do. A store passes when a class derived from this passes; add the class, change nothing here.</summary>
public abstract class ObjectStoreContract
{
    /// <summary>A store that holds nothing, with room for at least 32 MiB; the test disposes it.</summary>
    protected abstract ValueTask<IObjectStore> CreateAsync();

    /// <summary>False: a listing tells what objects take in the store, which is not their length.</summary>
    protected virtual bool ListsLengths => true;

    /// <summary>False: the store does not know how much it can take.</summary>
    protected virtual bool HasEndOfSpace => true;

    [TestMethod]
    public async Task An_object_comes_back_as_it_was_put()
    {
        await using IObjectStore store = await CreateAsync();
        byte[] content = Content.Of("a", 100_000);
        string tag = await store.PutIfAbsentAsync("volumes/a", content, CancellationToken.None);

        CollectionAssert.AreEqual(content, await store.ReadAllAsync("volumes/a"));
        ObjectInfo? info = await store.HeadAsync("volumes/a", CancellationToken.None);
        Assert.AreEqual(new ObjectInfo("volumes/a", content.Length, tag), info);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(4095)]
    [DataRow(4096)]
    [DataRow(65537)]
    public async Task Any_length_is_kept_exactly(int lengthBytes)
    {
        await using IObjectStore store = await CreateAsync();
        byte[] content = Content.Of("x", lengthBytes);
        await store.PutIfAbsentAsync("x", content, CancellationToken.None);

        Assert.AreEqual(lengthBytes, (await store.HeadAsync("x", CancellationToken.None))!.LengthBytes);
        CollectionAssert.AreEqual(content, await store.ReadAllAsync("x"));
        await AssertFails(ObjectStoreError.Fatal, () => store.GetAsync("x", lengthBytes, new byte[1], CancellationToken.None));
    }

    [TestMethod]
    public async Task The_largest_object_fits_and_a_larger_one_is_refused()
    {
        await using IObjectStore store = await CreateAsync();
        byte[] content = Content.Of("large", Math.Min(store.Capabilities.MaxObjectBytes, 16 << 20));
        await store.PutIfAbsentAsync("large", content, CancellationToken.None);
        CollectionAssert.AreEqual(content, await store.ReadAllAsync("large"));

        if (store.Capabilities.MaxObjectBytes < Array.MaxLength)
            await AssertFails(ObjectStoreError.Fatal,
                () => store.PutIfAbsentAsync("larger", new byte[store.Capabilities.MaxObjectBytes + 1], CancellationToken.None));
        Assert.IsNull(await store.HeadAsync("larger", CancellationToken.None));
    }

    [TestMethod]
    public async Task Any_range_can_be_read()
    {
        await using IObjectStore store = await CreateAsync();
        byte[] content = Content.Of("ranges", 70_000);
        await store.PutIfAbsentAsync("ranges", content, CancellationToken.None);
        foreach ((int offset, int length) in new[] { (0, 1), (1, 4096), (4096, 4096), (65_535, 2), (69_999, 1), (70_000, 0), (10, 69_990) })
        {
            byte[] read = new byte[length];
            await store.GetAsync("ranges", offset, read, CancellationToken.None);
            CollectionAssert.AreEqual(content[offset..(offset + length)], read, $"{length} at {offset}");
            if (store.TryGet("ranges", offset, read.AsSpan()))
                CollectionAssert.AreEqual(content[offset..(offset + length)], read, $"{length} at {offset} without waiting");
        }
    }

    [TestMethod]
    [DataRow(0, 101)]
    [DataRow(100, 1)]
    [DataRow(99, 2)]
    [DataRow(5000, 1)]
    [DataRow(-1, 1)]
    public async Task Nothing_is_read_beyond_an_object(int offset, int length)
    {
        await using IObjectStore store = await CreateAsync();
        await store.PutIfAbsentAsync("short", Content.Of("short", 100), CancellationToken.None);
        await AssertFails(ObjectStoreError.Fatal, () => store.GetAsync("short", offset, new byte[length], CancellationToken.None));
        Assert.IsFalse(store.TryGet("short", offset, new byte[length]));
    }

    [TestMethod]
    public async Task What_is_not_there_is_not_found()
    {
        await using IObjectStore store = await CreateAsync();
        Assert.IsNull(await store.HeadAsync("none", CancellationToken.None));
        Assert.IsFalse(store.TryGet("none", 0, new byte[1]));
        await AssertFails(ObjectStoreError.NotFound, () => store.GetAsync("none", 0, new byte[1], CancellationToken.None));
        await store.DeleteAsync("none", CancellationToken.None);
        Assert.AreEqual(0, (await store.ListAllAsync("")).Count);
    }

    [TestMethod]
    public async Task A_second_put_of_a_key_fails_and_changes_nothing()
    {
        await using IObjectStore store = await CreateAsync();
        string tag = await store.PutIfAbsentAsync("k", Content.Of("first", 5000), CancellationToken.None);
        await AssertFails(ObjectStoreError.Exists, () => store.PutIfAbsentAsync("k", Content.Of("second", 6000), CancellationToken.None));
        CollectionAssert.AreEqual(Content.Of("first", 5000), await store.ReadAllAsync("k"));
        Assert.AreEqual(tag, (await store.HeadAsync("k", CancellationToken.None))!.Tag);
    }

    [TestMethod]
    public async Task A_deleted_object_is_gone_and_its_key_can_be_used_again()
    {
        await using IObjectStore store = await CreateAsync();
        await store.PutIfAbsentAsync("k", Content.Of("first", 5000), CancellationToken.None);
        await store.DeleteAsync("k", CancellationToken.None);
        Assert.IsNull(await store.HeadAsync("k", CancellationToken.None));
        Assert.IsFalse(store.TryGet("k", 0, new byte[1]));
        await AssertFails(ObjectStoreError.NotFound, () => store.GetAsync("k", 0, new byte[1], CancellationToken.None));

        await store.PutIfAbsentAsync("k", Content.Of("second", 100), CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of("second", 100), await store.ReadAllAsync("k"));
    }

    [TestMethod]
    public async Task Compare_and_set_creates_replaces_and_refuses()
    {
        await using IObjectStore store = await CreateAsync();
        string first = await store.CompareAndSetAsync("super", null, Content.Of("1", 300), CancellationToken.None);
        await AssertFails(ObjectStoreError.Exists, () => store.CompareAndSetAsync("super", null, Content.Of("x", 300), CancellationToken.None));
        string second = await store.CompareAndSetAsync("super", first, Content.Of("2", 5000), CancellationToken.None);
        Assert.AreNotEqual(first, second);
        await AssertFails(ObjectStoreError.Exists, () => store.CompareAndSetAsync("super", first, Content.Of("x", 300), CancellationToken.None));
        CollectionAssert.AreEqual(Content.Of("2", 5000), await store.ReadAllAsync("super"));
        Assert.AreEqual(second, (await store.HeadAsync("super", CancellationToken.None))!.Tag);

        await store.DeleteAsync("super", CancellationToken.None);
        await AssertFails(ObjectStoreError.Exists, () => store.CompareAndSetAsync("super", second, Content.Of("x", 300), CancellationToken.None));
    }

    [TestMethod]
    public async Task Of_eight_puts_of_a_key_one_wins()
    {
        await using IObjectStore store = await CreateAsync();
        for (int round = 0; round < 20; round++)
        {
            string key = $"race/{round}";
            bool[] won = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
                Wins(() => store.PutIfAbsentAsync(key, Content.Of($"writer {i}", 3000), CancellationToken.None)))));
            Assert.AreEqual(1, won.Count(w => w));
            CollectionAssert.AreEqual(Content.Of($"writer {Array.IndexOf(won, true)}", 3000), await store.ReadAllAsync(key));
        }
    }

    [TestMethod]
    public async Task Of_eight_compare_and_sets_one_wins()
    {
        await using IObjectStore store = await CreateAsync();
        string? tag = null;
        for (int round = 0; round < 20; round++)
        {
            bool[] won = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
                Wins(() => store.CompareAndSetAsync("owner", tag, Content.Of($"writer {round} {i}", 3000), CancellationToken.None)))));
            Assert.AreEqual(1, won.Count(w => w));
            CollectionAssert.AreEqual(Content.Of($"writer {round} {Array.IndexOf(won, true)}", 3000), await store.ReadAllAsync("owner"));
            tag = (await store.HeadAsync("owner", CancellationToken.None))!.Tag;
        }
    }

    [TestMethod]
    public async Task Lists_are_by_prefix_and_in_ordinal_order()
    {
        await using IObjectStore store = await CreateAsync();
        string[] keys = ["b/2", "a/1", "a-1", "a.1", "a_1", "b/10", "b/1", "a", "b", "ab/1", "a/0/z"];
        foreach (string key in keys)
            await store.PutIfAbsentAsync(key, Content.Of(key, key.Length), CancellationToken.None);

        foreach (string prefix in new[] { "", "a", "a/", "b/1", "zz" })
        {
            IReadOnlyList<ObjectInfo> listed = await store.ListAllAsync(prefix);
            string[] expected = [.. keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
            CollectionAssert.AreEqual(expected, listed.Select(info => info.Key).ToArray(), $"prefix '{prefix}'");
            foreach (ObjectInfo info in listed)
                Assert.AreEqual(ListsLengths ? info : info with { LengthBytes = info.Key.Length }, await store.HeadAsync(info.Key, CancellationToken.None));
        }
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("Upper")]
    [DataRow("with space")]
    [DataRow("nul\0")]
    [DataRow("ümlaut")]
    [DataRow("back\\slash")]
    public async Task A_key_outside_the_rules_is_refused(string key)
    {
        await using IObjectStore store = await CreateAsync();
        await AssertFails(ObjectStoreError.Fatal, () => store.PutIfAbsentAsync(key, new byte[1], CancellationToken.None));
        await AssertFails(ObjectStoreError.Fatal, () => store.CompareAndSetAsync(key, null, new byte[1], CancellationToken.None));
        Assert.AreEqual(0, (await store.ListAllAsync("")).Count);
    }

    [TestMethod]
    public async Task The_longest_key_is_allowed_and_a_longer_one_is_not()
    {
        await using IObjectStore store = await CreateAsync();
        string key = string.Concat(Enumerable.Repeat("abcdefghi/", 20));
        await store.PutIfAbsentAsync(key, Content.Of(key, 10), CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of(key, 10), await store.ReadAllAsync(key));
        await AssertFails(ObjectStoreError.Fatal, () => store.PutIfAbsentAsync(key + "x", new byte[1], CancellationToken.None));
    }

    [TestMethod]
    public async Task A_cancelled_call_throws_and_does_nothing()
    {
        await using IObjectStore store = await CreateAsync();
        await store.PutIfAbsentAsync("there", Content.Of("there", 100), CancellationToken.None);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAsync<OperationCanceledException>(() => store.PutIfAbsentAsync("k", new byte[1], cancelled).AsTask());
        await Assert.ThrowsAsync<OperationCanceledException>(() => store.CompareAndSetAsync("k", null, new byte[1], cancelled).AsTask());
        await Assert.ThrowsAsync<OperationCanceledException>(() => store.GetAsync("there", 0, new byte[1], cancelled).AsTask());
        await Assert.ThrowsAsync<OperationCanceledException>(() => store.HeadAsync("there", cancelled).AsTask());
        await Assert.ThrowsAsync<OperationCanceledException>(() => store.DeleteAsync("there", cancelled).AsTask());
        Assert.AreEqual("there", (await store.ListAllAsync("")).Single().Key);
    }

    [TestMethod]
    public async Task Many_objects_of_all_sizes_live_side_by_side()
    {
        await using IObjectStore store = await CreateAsync();
        int[] lengths = [.. Enumerable.Range(0, 100).Select(i => i * 577 % 65_000)];
        await Task.WhenAll(lengths.Select((length, i) => Task.Run(async () =>
            await store.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", length), CancellationToken.None))));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () => await store.DeleteAsync($"o/{i * 2}", CancellationToken.None))));

        for (int i = 1; i < 100; i += 2)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", lengths[i]), await store.ReadAllAsync($"o/{i}"));
        Assert.AreEqual(50, (await store.ListAllAsync("o/")).Count);
    }

    [TestMethod]
    public async Task Space_is_taken_and_comes_back()
    {
        await using IObjectStore store = await CreateAsync();
        ObjectStoreSpace? before = store.Space;
        Assert.AreEqual(HasEndOfSpace, before is not null);
        if (before is null)
            return;
        await store.PutIfAbsentAsync("k", Content.Of("k", 1 << 20), CancellationToken.None);
        Assert.IsTrue(store.Space!.Value.FreeBytes <= before.Value.FreeBytes - (1 << 20));
        await store.DeleteAsync("k", CancellationToken.None);
        Assert.AreEqual(before, store.Space);
    }

    private static async Task<bool> Wins(Func<ValueTask<string>> write)
    {
        try
        {
            await write();
            return true;
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Exists)
        {
            return false;
        }
    }

    private static async Task AssertFails(ObjectStoreError error, Func<ValueTask<string>> call) =>
        Assert.AreEqual(error, (await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => call().AsTask())).Error);

    private static async Task AssertFails(ObjectStoreError error, Func<ValueTask> call) =>
        Assert.AreEqual(error, (await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => call().AsTask())).Error);
}

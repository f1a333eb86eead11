using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Tests.Segments;

/// <summary>Reading blocks of segments: checked, single-flight, without allocation, under a budget.</summary>
[TestClass]
public sealed class SegmentStoreTests : IAsyncDisposable
{
    private static readonly Guid Pool = Guid.NewGuid(), Volume = Guid.NewGuid();
    private readonly MemoryObjectStore objects = new();
    private readonly SegmentTable table = new();

    public SegmentStoreTests() => table.AddVolume(1, Volume, 1);

    public ValueTask DisposeAsync() => objects.DisposeAsync();

    private static byte[] Block(uint segment, int index)
    {
        byte[] block = new byte[4096];
        new Random((int)segment * 1000 + index).NextBytes(block);
        return block;
    }

    private async Task<SegmentHeader> PutAsync(uint id, int blocks)
    {
        var builder = new SegmentBuilder(4 << 20);
        for (int i = 0; i < blocks; i++)
        {
            Assert.IsTrue(builder.TryAddBlock((ulong)i * 3, Crc32C.Compute(Block(id, i)), out Memory<byte> page));
            Block(id, i).CopyTo(page);
        }
        ReadOnlyMemory<byte> content = builder.Seal(Pool, Volume, id, 0, 0, out SegmentHeader header);
        await objects.PutIfAbsentAsync(SegmentKey.Format(Volume, id), content, CancellationToken.None);
        table.Add(new(id), 1, header);
        return header;
    }

    [TestMethod]
    public async Task Blocks_come_back_first_through_the_header_then_at_once()
    {
        await PutAsync(1, 20);
        var store = new SegmentStore(objects, table, 1 << 20);
        byte[] read = new byte[3 * 4096];
        Assert.IsFalse(store.TryRead(new(1), 17, read));
        await store.ReadAsync(new(1), 17, read, CancellationToken.None);
        CollectionAssert.AreEqual((byte[])[.. Block(1, 17), .. Block(1, 18), .. Block(1, 19)], read);
        read.AsSpan().Clear();
        Assert.IsTrue(store.TryRead(new(1), 16, read));
        CollectionAssert.AreEqual((byte[])[.. Block(1, 16), .. Block(1, 17), .. Block(1, 18)], read);
    }

    [TestMethod]
    public async Task A_directory_given_by_the_destager_saves_the_load()
    {
        SegmentHeader header = await PutAsync(1, 4);
        var store = new SegmentStore(objects, table, 1 << 20);
        store.AddDirectory(new(1), header);
        Assert.IsTrue(store.TryRead(new(1), 0, new byte[4096]));
    }

    [TestMethod]
    public async Task A_damaged_block_is_named_and_its_neighbours_are_read()
    {
        SegmentHeader header = await PutAsync(7, 20);
        var store = new SegmentStore(objects, table, 1 << 20);
        objects.Corrupt(SegmentKey.Format(Volume, 7), header.HeaderBytes + (5 * 4096) + 4095);
        SegmentCorruptException damage = await Assert.ThrowsExactlyAsync<SegmentCorruptException>(
            () => store.ReadAsync(new(7), 3, new byte[4 * 4096], CancellationToken.None).AsTask());
        Assert.AreEqual((new SegmentId(7), SegmentKey.Format(Volume, 7), 5), (damage.Segment, damage.Key, damage.BlockIndex));
        StringAssert.Contains(damage.Message, "Block 5", StringComparison.Ordinal);
        Assert.ThrowsExactly<SegmentCorruptException>(() => store.TryRead(new(7), 5, new byte[4096]));
        Assert.IsTrue(store.TryRead(new(7), 4, new byte[4096]));
        Assert.IsTrue(store.TryRead(new(7), 6, new byte[4096]));
    }

    [TestMethod]
    public async Task A_damaged_or_foreign_header_is_named()
    {
        await PutAsync(1, 4);
        await PutAsync(2, 4);
        var store = new SegmentStore(objects, table, 1 << 20);
        objects.Corrupt(SegmentKey.Format(Volume, 1), 130);
        SegmentCorruptException damage = await Assert.ThrowsExactlyAsync<SegmentCorruptException>(
            () => store.ReadAsync(new(1), 0, new byte[4096], CancellationToken.None).AsTask());
        Assert.AreEqual(-1, damage.BlockIndex);
        byte[] other = new byte[8192];
        await objects.GetAsync(SegmentKey.Format(Volume, 2), 0, other, CancellationToken.None);
        await objects.PutIfAbsentAsync(SegmentKey.Format(Volume, 3), other, CancellationToken.None);
        Assert.IsTrue(SegmentHeader.TryParse(other, out SegmentHeader? header, out _));
        table.Restore(new(3), new(1, 3, header.HeaderBytes, 4, 0));
        await Assert.ThrowsExactlyAsync<SegmentCorruptException>(() => store.ReadAsync(new(3), 0, new byte[4096], CancellationToken.None).AsTask());
    }

    [TestMethod]
    public async Task Failures_of_the_store_pass_through_and_are_not_kept()
    {
        await PutAsync(1, 4);
        var store = new SegmentStore(objects, table, 1 << 20);
        objects.FailGets(ObjectStoreError.Retry, 1);
        ObjectStoreException failure = await Assert.ThrowsExactlyAsync<ObjectStoreException>(
            () => store.ReadAsync(new(1), 0, new byte[4096], CancellationToken.None).AsTask());
        Assert.AreEqual(ObjectStoreError.Retry, failure.Error);
        await store.ReadAsync(new(1), 0, new byte[4096], CancellationToken.None);
    }

    [TestMethod]
    public async Task A_segment_deleted_since_its_block_was_resolved_is_not_found()
    {
        var store = new SegmentStore(objects, table, 1 << 20);
        ObjectStoreException failure = await Assert.ThrowsExactlyAsync<ObjectStoreException>(
            () => store.ReadAsync(new(5), 0, new byte[4096], CancellationToken.None).AsTask());
        Assert.AreEqual(ObjectStoreError.NotFound, failure.Error);
    }

    [TestMethod]
    public async Task Equal_loads_of_a_header_are_one()
    {
        await PutAsync(1, 40);
        int reads = 0;
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = new GatedStore(objects, offset => offset == 0 ? CountAsync() : Task.CompletedTask);
        var store = new SegmentStore(slow, table, 1 << 20);
        Task[] readers = [.. Enumerable.Range(0, 40).Select(i => store.ReadAsync(new(1), i, new byte[4096], CancellationToken.None).AsTask())];
        using var impatient = new CancellationTokenSource();
        Task cancelled = store.ReadAsync(new(1), 0, new byte[4096], impatient.Token).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled);
        gate.SetResult();
        await Task.WhenAll(readers);
        Assert.AreEqual(1, reads);

        Task CountAsync()
        {
            Interlocked.Increment(ref reads);
            return gate.Task;
        }
    }

    [TestMethod]
    public async Task Directories_stay_inside_their_budget_and_those_in_use_stay()
    {
        for (uint id = 1; id <= 60; id++)
            await PutAsync(id, 100);
        var cache = new SegmentDirectoryCache(10_000);
        cache.Add(new(new(1), Guid.Empty, 1, 4096, new uint[100]));
        for (uint id = 2; id <= 60; id++)
        {
            Assert.IsTrue(cache.TryGet(new(1), out _), $"{id}");
            cache.Add(new(new(id), Guid.Empty, id, 4096, new uint[100]));
            Assert.IsLessThanOrEqualTo(10_000, cache.UsedBytes);
        }
        Assert.IsGreaterThan(9_000, cache.UsedBytes);
        Assert.IsTrue(cache.TryGet(new(60), out _));
        Assert.IsFalse(cache.TryGet(new(2), out _));
        cache.Add(new(new(99), Guid.Empty, 99, 4096, new uint[10_000]));
        Assert.IsFalse(cache.TryGet(new(99), out _));
        // A budget for no directory at all reads, too.
        var store = new SegmentStore(objects, table, 0);
        await store.ReadAsync(new(9), 0, new byte[4096], CancellationToken.None);
    }

    [TestMethod]
    public async Task A_hit_allocates_nothing()
    {
        await PutAsync(1, 20);
        var store = new SegmentStore(objects, table, 1 << 20);
        byte[] read = new byte[4096];
        await store.ReadAsync(new(1), 0, read, CancellationToken.None);
        Assert.IsTrue(store.TryRead(new(1), 1, read));
        Assert.AreEqual(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
                store.TryRead(new(1), i % 20, read);
        }));
    }

    [TestMethod]
    public async Task Blocks_outside_of_the_segment_are_the_callers_mistake()
    {
        SegmentHeader header = await PutAsync(1, 4);
        var store = new SegmentStore(objects, table, 1 << 20);
        store.AddDirectory(new(1), header);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => store.TryRead(new(1), 3, new byte[8192]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => store.TryRead(new(1), -1, new byte[4096]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => store.TryRead(new(1), 0, new byte[100]));
    }

    /// <summary>A store whose reads wait for a task first.</summary>
    private sealed class GatedStore(IObjectStore inner, Func<long, Task> gate) : IObjectStore
    {
        public ObjectStoreCapabilities Capabilities => inner.Capabilities;

        public ObjectStoreSpace? Space => inner.Space;

        public async ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
        {
            await gate(offsetBytes);
            await inner.GetAsync(key, offsetBytes, destination, cancellation);
        }

        public ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
            inner.PutIfAbsentAsync(key, content, cancellation);

        public ValueTask<string> CompareAndSetAsync(string key, string? tag, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
            inner.CompareAndSetAsync(key, tag, content, cancellation);

        public ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation) => inner.HeadAsync(key, cancellation);

        public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellation) => inner.ListAsync(prefix, cancellation);

        public ValueTask DeleteAsync(string key, CancellationToken cancellation) => inner.DeleteAsync(key, cancellation);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

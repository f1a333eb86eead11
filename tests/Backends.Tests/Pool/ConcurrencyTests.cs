using System.Runtime.InteropServices;
using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Readers beside writers and deleters: they see an object whole or not at all, and never the bytes of another.</summary>
[TestClass]
public sealed class ConcurrencyTests
{
    private const int Writers = 4, KeysPerWriter = 6, LeastWords = 250, MostWords = 5000, LeastReads = 1000;

    private long _found;

    [TestMethod]
    public async Task Readers_never_see_the_bytes_of_another_object()
    {
        int seed = Seed.One();
        var disk = new SimDisk();
        await using LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options, 1 << 20, 1 << 20);
        using var done = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 3).Select(reader => Task.Run(() => ReadAsync(pool, new Random(seed - 1 - reader), done.Token)))];
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(pool, readers, writer, new Random(seed + writer)))));
        await done.CancelAsync();
        await Task.WhenAll(readers);

        PoolInvariants.Check(disk, pool, $"LUNARIA_SEED={seed}");
    }

    [TestMethod]
    public async Task A_read_that_loses_its_object_midway_does_not_return_what_came_to_its_place()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options, 1200 << 10);
        await pool.PutIfAbsentAsync("old", Content.Of("old", 5000), CancellationToken.None);
        long place = pool.Objects.Single().First.OffsetBytes;
        disk.Faults.ReadGate.Close();
        Task read = pool.GetAsync("old", 100, new byte[200], CancellationToken.None).AsTask();
        await disk.Faults.ReadGate.WaitForArrivalAsync();
        await pool.DeleteAsync("old", CancellationToken.None);
        await pool.PutIfAbsentAsync("new", Content.Of("new", 5000), CancellationToken.None);
        Assert.AreEqual(place, pool.Objects.Single().First.OffsetBytes, "the test needs the same place");
        disk.Faults.ReadGate.Open();

        ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => read);
        Assert.AreEqual(ObjectStoreError.NotFound, e.Error);
    }

    [TestMethod]
    public async Task A_read_of_an_object_that_is_replaced_midway_returns_one_of_the_two()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options, 1200 << 10);
        string tag = await pool.PutIfAbsentAsync("k", Content.Of("first", 5000), CancellationToken.None);
        disk.Faults.ReadGate.Close();
        byte[] bytes = new byte[200];
        Task read = pool.GetAsync("k", 100, bytes, CancellationToken.None).AsTask();
        await disk.Faults.ReadGate.WaitForArrivalAsync();
        await pool.CompareAndSetAsync("k", tag, Content.Of("second", 5000), CancellationToken.None);
        await pool.PutIfAbsentAsync("other", Content.Of("other", 5000), CancellationToken.None);
        disk.Faults.ReadGate.Open();
        await read;
        CollectionAssert.AreEqual(Content.Of("second", 5000)[100..300], bytes);
    }

    [TestMethod]
    public async Task Puts_at_the_same_time_share_flushes()
    {
        const int Puts = 32;
        var disk = new SimDisk();
        int writes = 0;
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var observed = new ObservedDisk(disk, () => { }, afterWrite: () =>
        {
            if (Interlocked.Increment(ref writes) == Puts)
                written.SetResult();
        });
        await using LocalPool pool = await TestPool.OpenAsync(observed, TestPool.Options, 4 << 20);
        await pool.PutIfAbsentAsync("first", new byte[1], CancellationToken.None);
        writes = 0;
        long before = disk.Faults.Flushes;
        disk.Faults.FlushGate.Close();
        Task<string>[] puts = [.. Enumerable.Range(0, Puts).Select(i => pool.PutIfAbsentAsync($"o/{i}", new byte[1000], CancellationToken.None).AsTask())];
        await Task.WhenAny(written.Task, Task.Delay(TimeSpan.FromMinutes(1)));
        disk.Faults.FlushGate.Open();
        await Task.WhenAll(puts);
        Assert.IsTrue(disk.Faults.Flushes - before <= Puts + 3, $"{disk.Faults.Flushes - before} flushes for {Puts} puts that need two each");
    }

    [TestMethod]
    public async Task A_read_that_needs_no_wait_allocates_nothing()
    {
        await using LocalPool pool = await TestPool.OpenAsync(new SimDisk(), TestPool.Options, 1200 << 10);
        await pool.PutIfAbsentAsync("volumes/some/long/key/0001", Content.Of("k", 60_000), CancellationToken.None);
        // A collection that another test causes ends this thread's allocation buffer and counts its rest: only what every round allocates is ours.
        Assert.AreEqual(0, Enumerable.Range(0, 5).Min(_ => AllocatedBy(pool, 1000)));

        static long AllocatedBy(IObjectStore store, int count)
        {
            Span<byte> page = stackalloc byte[4096];
            Assert.IsTrue(store.TryGet("volumes/some/long/key/0001", 0, page));
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
                store.TryGet("volumes/some/long/key/0001", i % 10 * 4096, page);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>Each word of an object says which key and which version it is of. Goes on until the readers have seen enough, or one of them has failed.</summary>
    private async Task WriteAsync(LocalPool pool, Task[] readers, int writer, Random random)
    {
        string?[] tags = new string?[KeysPerWriter];
        for (int version = 1; version <= 500 || (Interlocked.Read(ref _found) < LeastReads && !readers.Any(reader => reader.IsCompleted)); version++)
        {
            int slot = random.Next(KeysPerWriter), key = writer * KeysPerWriter + slot;
            byte[] content = new byte[sizeof(long) * random.Next(LeastWords, MostWords)];
            MemoryMarshal.Cast<byte, long>(content.AsSpan()).Fill(((long)key << 32) | (uint)version);
            try
            {
                if (tags[slot] is null)
                    tags[slot] = await pool.PutIfAbsentAsync($"k/{key}", content, CancellationToken.None);
                else if (random.Next(2) == 0)
                    tags[slot] = await pool.CompareAndSetAsync($"k/{key}", tags[slot], content, CancellationToken.None);
                else
                {
                    await pool.DeleteAsync($"k/{key}", CancellationToken.None);
                    tags[slot] = null;
                }
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.OutOfSpace)
            {
                // Two components of 1 MiB do not always have room; the readers do not mind.
            }
        }
    }

    private async Task ReadAsync(LocalPool pool, Random random, CancellationToken done)
    {
        byte[] buffer = new byte[LeastWords * sizeof(long)];
        while (!done.IsCancellationRequested)
        {
            int key = random.Next(Writers * KeysPerWriter), first = random.Next(LeastWords), count = random.Next(1, LeastWords - first + 1);
            Memory<byte> destination = buffer.AsMemory(0, count * sizeof(long));
            if (!pool.TryGet($"k/{key}", first * sizeof(long), destination.Span))
            {
                try
                {
                    await pool.GetAsync($"k/{key}", first * sizeof(long), destination, CancellationToken.None);
                }
                catch (ObjectStoreException e) when (e.Error == ObjectStoreError.NotFound)
                {
                    continue;
                }
            }

            AssertOneVersion(key, MemoryMarshal.Cast<byte, long>(destination.Span));
            Interlocked.Increment(ref _found);
        }
    }

    private static void AssertOneVersion(int key, ReadOnlySpan<long> words)
    {
        Assert.AreEqual(key, words[0] >> 32, "bytes of another object");
        Assert.AreEqual(-1, words.IndexOfAnyExcept(words[0]), "bytes of two versions");
    }
}

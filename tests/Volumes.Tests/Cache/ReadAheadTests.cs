using System.Collections.Concurrent;
using Lunaria.Volumes.Backend;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>Reads of a store that is far away: one in flight for each window, windows in a row in one request, and what follows before it is asked for.</summary>
[TestClass]
public sealed class ReadAheadTests
{
    [TestMethod]
    public async Task What_many_ask_for_at_once_is_read_once()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(8 << 20, memoryBytes: 8 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 512, 1);
        int gets = bed.Gets;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => CacheBed.ReadAsync(volume, content, 200 + (i % 8)))));
        Assert.IsLessThanOrEqualTo(2, bed.Gets - gets, "reads of at most two windows");
        gets = bed.Gets;
        await CacheBed.ReadAsync(volume, content, 256, 256);
        Assert.IsLessThanOrEqualTo(6, bed.Gets - gets, "a long read of 16 windows or so in two segments");
    }

    [TestMethod]
    public async Task While_a_cache_before_a_bucket_has_unused_slots_what_lies_around_comes_in_the_same_request()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(32 << 20, memoryBytes: 16 << 20, isShared: true);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 1024, 1);
        await bed.KillAsync();
        volume = bed.Engine.Manager.Find("v")!;
        int gets = bed.Gets;
        for (int block = 60; block < 1024; block += 120)
            await CacheBed.ReadAsync(volume, content, block);
        await bed.SettleAsync();
        Assert.IsLessThanOrEqualTo(18, bed.Gets - gets, "each of nine segments: its directory and its blocks");
        gets = bed.Gets;
        for (int block = 0; block < 960; block++)
            await CacheBed.ReadAsync(volume, content, block);
        Assert.IsLessThanOrEqualTo(2, bed.Gets - gets);
    }

    [TestMethod]
    public async Task What_lies_around_and_cannot_be_read_does_no_harm()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(32 << 20, memoryBytes: 16 << 20, isShared: true);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 1024, 1);
        // The directories are in memory still, so the first read of the store is for blocks: for those around block 60.
        bed.Engine.Store.FailGets(ObjectStoreError.Fatal, 1);
        int gets = bed.Gets;
        await CacheBed.ReadAsync(volume, content, 60);
        Assert.AreEqual(2, bed.Gets - gets, "one that failed, one for the window alone");
    }

    [TestMethod]
    public async Task Once_such_a_cache_is_full_a_miss_is_one_window()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(8 << 20, memoryBytes: 16 << 20, isShared: true);
        await bed.FillAsync("other", 1792, 2);
        (_, byte[] content) = await bed.FillAsync("v", 1792, 1);
        await bed.KillAsync();
        byte[] read = new byte[64 * CacheBed.Block];
        for (int block = 0; block < 1792; block += 64)
        {
            Assert.AreEqual(VolumeStatus.Ok, await bed.Engine.Manager.Find("other")!.ReadAsync((long)block * CacheBed.Block, read));
            await bed.SettleAsync();
        }
        Volume volume = bed.Engine.Manager.Find("v")!;
        await bed.WarmAsync(volume, content, 512);
        await AssertByWindowsAsync(bed, volume, content, 512);
    }

    [TestMethod]
    public async Task What_does_not_fit_into_such_a_cache_is_read_by_windows_from_the_start()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(4 << 20, memoryBytes: 16 << 20, isShared: true);
        (_, byte[] content) = await bed.FillAsync("v", 1792, 1);
        await bed.KillAsync();
        await AssertByWindowsAsync(bed, bed.Engine.Manager.Find("v")!, content, 0);
    }

    /// <summary>A block in each MiB or so, then one beside it that is in another window: the second costs requests, too.</summary>
    private static async Task AssertByWindowsAsync(CacheBed bed, Volume volume, byte[] content, int firstBlock)
    {
        int places = 0;
        for (int block = firstBlock + 20; block < 1700; block += 120, places++)
            await CacheBed.ReadAsync(volume, content, block);
        await bed.SettleAsync();
        int gets = bed.Gets;
        for (int block = firstBlock + 60; block < 1740; block += 120)
            await CacheBed.ReadAsync(volume, content, block);
        Assert.IsGreaterThan(places / 2, bed.Gets - gets, $"{places} places: what is beside was not read");
    }

    [TestMethod]
    public async Task The_thread_that_asks_makes_no_requests_for_blocks_of_a_store_over_a_network()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(32 << 20, memoryBytes: 16 << 20, isShared: true);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 256, 1);
        ConcurrentQueue<int> requesters = new();
        bed.Engine.Store.BeforeOperation = _ => requesters.Enqueue(Environment.CurrentManagedThreadId);
        byte[] read = new byte[16 * CacheBed.Block];
        VolumeStatus status = VolumeStatus.Unavailable;
        // The directories are in memory, so the requests are for blocks only. Like a connection's thread, this one is none of the pool.
        Thread asks = new(() => status = volume.ReadAsync(0, read).AsTask().GetAwaiter().GetResult());
        asks.Start();
        asks.Join();
        Assert.AreEqual(VolumeStatus.Ok, status);
        Assert.IsTrue(read.AsSpan().SequenceEqual(content.AsSpan(0, read.Length)));
        Assert.IsNotEmpty(requesters);
        CollectionAssert.DoesNotContain(requesters, asks.ManagedThreadId);
    }

    [TestMethod]
    public async Task A_stream_finds_what_it_asks_for()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(32 << 20, memoryBytes: 16 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 4096, 2);
        int waited = 0;
        byte[] read = new byte[CacheBed.Block];
        for (int block = 0; block < 4096; block++)
        {
            if (!volume.TryRead((long)block * CacheBed.Block, read))
                waited++;
            await CacheBed.ReadAsync(volume, content, block);
            if (block % 16 == 15)
                await bed.SettleAsync();
        }
        Assert.IsLessThan(4096 / 16 / 2, waited, "waits of a stream over 256 windows");
        Assert.IsLessThan(150, bed.Gets);
    }

    [TestMethod]
    public async Task What_a_long_stream_asks_for_next_is_read_by_two_MiB()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(64 << 20, memoryBytes: 64 << 20, segmentBytes: 8 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 1024, 2);
        int gets = bed.Gets;
        await CacheBed.ReadAsync(volume, content, 0, 256);
        await CacheBed.ReadAsync(volume, content, 256, 256);
        Assert.AreEqual(3, bed.Gets - gets, "a MiB for each read, and the two that follow in one request");
        await CacheBed.ReadAsync(volume, content, 512, 256);
        await CacheBed.ReadAsync(volume, content, 768, 256);
        Assert.AreEqual(3, bed.Gets - gets, "the rest is there, or on its way");
    }
}

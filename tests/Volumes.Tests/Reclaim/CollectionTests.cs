using System.Collections.Concurrent;
using System.Diagnostics;
using Lunaria.Volumes.Tests.Engine;
using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Reclaim;

/// <summary>Garbage collection gives space back, under snapshots and clones, and never more than that.</summary>
[TestClass]
public sealed class CollectionTests
{
    private const int Blocks = 512;

    private static readonly VolumesOptions OnlyWhenAsked = EngineBed.Tiny with { GarbageShare = 1 };

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Space_of_what_was_written_over_comes_back(bool cold)
    {
        using RecordedDurations durations = new();
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked with { CollectionDurations = durations.Histogram });
        bed.Store.Cold = cold;
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        byte[] content = await ScatterAsync(bed, volume, 2000, new(1));
        await bed.Manager.DestageAsync(checkpoint: true);
        long before = bed.Store.UsedBytes;
        await bed.Manager.CollectGarbageAsync();
        Assert.IsLessThan(before, bed.Store.UsedBytes);
        long live = volume.GetStatistics().MappedBytes;
        Assert.IsLessThan(live * 13 / 10, bed.Store.UsedBytes, $"{live} bytes live");
        Assert.IsGreaterThan(0, bed.Manager.CollectedBytes);
        Assert.IsGreaterThan(0, durations.Count);
        await bed.CheckAsync(volume, content);
        await bed.KillAsync(new(1), powerCut: true);
        await bed.CheckAsync(bed.Manager.Find("v")!, content);
    }

    [TestMethod]
    public async Task What_the_rate_put_off_is_collected_without_another_write()
    {
        ManualTime time = new();
        VolumesOptions options = EngineBed.Tiny with { CollectionBytesPerSecond = 4096, CollectionRoundBytes = 256 << 10 };
        await using EngineBed bed = await EngineBed.OpenAsync(options, time);
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        await ScatterAsync(bed, volume, 2000, new(9));
        await bed.Manager.DestageAsync(checkpoint: true);
        // Time stands still but for what the loop below lets pass, and the rate allows no second round without it.
        long copied = bed.Manager.CollectedBytes;
        Stopwatch patience = Stopwatch.StartNew();
        while (bed.Manager.CollectedBytes == copied)
        {
            Assert.IsLessThan(60, patience.Elapsed.TotalSeconds, $"{copied} bytes copied");
            if (!time.AdvanceToNextTimer())
                await Task.Yield();
        }
    }

    [TestMethod]
    public async Task Snapshots_clones_and_open_views_keep_what_they_show()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        Random random = new(2);
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        byte[] first = await ScatterAsync(bed, volume, 1500, random);
        Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(volume, "s");
        Volume clone = await bed.Manager.CloneAsync(snapshot, "c");
        byte[] second = await ScatterAsync(bed, volume, 1500, random, [.. first]);
        byte[] third = await ScatterAsync(bed, clone, 300, random, [.. first]);
        Volume view = await bed.Manager.OpenSnapshotAsync(snapshot);
        await bed.CheckAsync(view, first);
        long before = bed.Store.UsedBytes;
        await bed.Manager.CollectGarbageAsync();
        Assert.IsLessThan(before, bed.Store.UsedBytes);
        await bed.CheckAsync(view, first);
        await bed.CheckAsync(volume, second);
        await bed.CheckAsync(clone, third);
        await bed.Manager.CloseSnapshotAsync(view);
        await bed.Manager.DeleteVolumeAsync(volume, withSnapshots: true);
        await bed.Manager.CollectGarbageAsync();
        await bed.CheckAsync(clone, third);
        await bed.Manager.FlattenAsync(clone);
        await bed.Manager.CollectGarbageAsync();
        await bed.CheckAsync(clone, third);
        Assert.IsLessThan(clone.GetStatistics().MappedBytes * 14 / 10, bed.Store.UsedBytes);
        Books.Check(bed);
    }

    /// <summary>While copies of its blocks are on their way to the store, a snapshot and all that it alone shows go away.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_snapshot_may_be_deleted_while_its_blocks_are_collected(bool kill)
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        Random random = new(12);
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        byte[] first = await ScatterAsync(bed, volume, 1500, random);
        Snapshot gone = await bed.Manager.CreateSnapshotAsync(volume, "gone");
        byte[] second = await ScatterAsync(bed, volume, 700, random, [.. first]);
        Snapshot kept = await bed.Manager.CreateSnapshotAsync(volume, "kept");
        byte[] third = await ScatterAsync(bed, volume, 700, random, [.. second]);
        await bed.Manager.DestageAsync(checkpoint: true);
        bed.Store.HoldPuts();
        Task collection = bed.Manager.CollectGarbageAsync();
        await bed.Store.PutHeldAsync();
        await bed.Manager.DeleteSnapshotAsync(gone);
        bed.Store.ReleasePuts();
        await collection;
        if (kill)
            await bed.KillAsync(random);
        volume = bed.Manager.Find("v")!;
        await bed.CheckAsync(volume, third);
        Volume view = await bed.Manager.OpenSnapshotAsync(bed.Manager.ListSnapshots(volume).Single(snapshot => snapshot.Name == kept.Name));
        await bed.CheckAsync(view, second);
        await bed.Manager.CloseSnapshotAsync(view);
        bed.Manager.IsCollectionPaused = true;
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.DestageAsync(checkpoint: true);
        Books.Check(bed);
    }

    [TestMethod]
    public async Task It_runs_by_itself_where_garbage_passes_the_share_unless_paused()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { GarbageShare = 0.3 });
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        bed.Manager.IsCollectionPaused = true;
        byte[] content = await ScatterAsync(bed, volume, 2000, new(3));
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(0, bed.Manager.CollectedBytes);
        bed.Manager.IsCollectionPaused = false;
        content = await ScatterAsync(bed, volume, 2000, new(4), content);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.IsGreaterThan(0, bed.Manager.CollectedBytes);
        await bed.CheckAsync(volume, content);
    }

    [TestMethod]
    public async Task Blocks_are_asked_for_together_where_each_would_wait_for_the_store()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        bed.Store.Cold = true;
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        byte[] content = await ScatterAsync(bed, volume, 2000, new(11));
        await bed.Manager.DestageAsync(checkpoint: true);
        ConcurrentDictionary<string, int> requests = [];
        bed.Store.BeforeOperation = key => requests.AddOrUpdate(key, 1, (_, before) => before + 1);
        await bed.Manager.CollectGarbageAsync();
        bed.Store.BeforeOperation = null;
        // Its header, its blocks in a few ranges, and its end; block by block it would be as many as it has.
        Assert.IsLessThanOrEqualTo(12, requests.Where(entry => entry.Key.StartsWith("volumes/", StringComparison.Ordinal)).Max(entry => entry.Value), "requests for one segment");
        await bed.CheckAsync(volume, content);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_damaged_block_stays_where_it_is_and_the_others_are_moved(bool cold)
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        bed.Store.Cold = cold;
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        byte[] content = await ScatterAsync(bed, volume, 1500, new(5));
        await bed.Manager.DestageAsync(checkpoint: true);
        string victim = bed.Store.Keys.Order().First();
        bed.Store.Corrupt(victim, 4096 + 17);
        await bed.Manager.CollectGarbageAsync();
        int unreadable = 0;
        byte[] block = new byte[EngineBed.Block];
        for (int at = 0; at < content.Length; at += block.Length)
            if (await volume.ReadAsync(at, block) != VolumeStatus.Ok)
                unreadable++;
            else
                ModelSteps.AssertSame(content.AsSpan(at, block.Length), block, at);
        Assert.IsLessThanOrEqualTo(1, unreadable);
    }

    /// <summary>Else writers wait for the whole of it once the log is full.</summary>
    [TestMethod]
    public async Task Between_the_rounds_that_somebody_asks_for_cuts_are_made_and_writers_put_its_end_off_no_further()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked with { CollectionRoundBytes = 256 << 10 });
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        byte[] content = await ScatterAsync(bed, volume, 2000, new(13));
        await bed.Manager.DestageAsync(checkpoint: true);
        long used = 0;
        List<long> collectedAtCuts = [];
        byte[] block = new byte[EngineBed.Block];
        Random random = new(14);
        Lock sync = new();
        bed.Store.BeforeOperation = _ =>
        {
            lock (sync)
            {
                long now = bed.Manager.GetStatistics().LogUsedBytes;
                if (now < used)
                    collectedAtCuts.Add(bed.Manager.CollectedBytes);
                used = now;
                long at = random.Next(Blocks) * EngineBed.Block;
                random.NextBytes(block);
                if (volume.TryWriteBatch([at], [block]))
                    block.CopyTo(content, at);
            }
        };
        await bed.Manager.CollectGarbageAsync();
        bed.Store.BeforeOperation = null;
        Assert.IsNotEmpty(collectedAtCuts, "cuts while it ran");
        Assert.IsLessThan(bed.Manager.CollectedBytes, collectedAtCuts[0], "what was copied before the first cut, of all");
        await bed.CheckAsync(volume, content);
    }

    [TestMethod]
    public async Task Cancelled_it_begins_no_further_round()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked with { CollectionRoundBytes = 256 << 10 });
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        byte[] content = await ScatterAsync(bed, volume, 2000, new(15));
        await bed.Manager.DestageAsync(checkpoint: true);
        using CancellationTokenSource stop = new();
        bed.Store.BeforeOperation = _ => stop.Cancel();
        await Assert.ThrowsAsync<OperationCanceledException>(() => bed.Manager.CollectGarbageAsync(stop.Token));
        bed.Store.BeforeOperation = null;
        await bed.Manager.DestageAsync(checkpoint: true);
        long collected = bed.Manager.CollectedBytes;
        await bed.Manager.CollectGarbageAsync();
        Assert.IsGreaterThan(collected, bed.Manager.CollectedBytes, "what the cancelled one left");
        await bed.CheckAsync(volume, content);
    }

    /// <summary>One after the other they would hold the next cut up for as many ways to the store.</summary>
    [TestMethod]
    public async Task Segments_that_died_are_deleted_several_at_once()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked with { ConcurrentPuts = 1 });
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        await ScatterAsync(bed, volume, 2000, new(16));
        await bed.Manager.DestageAsync(checkpoint: true);
        int atOnce = 0, most = 0;
        bed.Store.Late = async () =>
        {
            int now = Interlocked.Increment(ref atOnce);
            if (now > Volatile.Read(ref most))
                Volatile.Write(ref most, now);
            for (int i = 0; i < 50; i++)
                await Task.Yield();
            Interlocked.Decrement(ref atOnce);
        };
        await bed.Manager.DeleteVolumeAsync(volume);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.SaveCatalogAsync();
        await bed.Manager.DestageAsync(false);
        bed.Store.Late = null;
        Assert.AreEqual(0, bed.Store.UsedBytes);
        Assert.IsGreaterThan(3, most);
    }

    private static async Task<byte[]> ScatterAsync(EngineBed bed, Volume volume, int writes, Random random, byte[]? content = null)
    {
        content ??= new byte[Blocks * EngineBed.Block];
        byte[] block = new byte[EngineBed.Block];
        for (int i = 0; i < writes; i++)
        {
            int at = random.Next(random.Next(1, Blocks)) * EngineBed.Block;
            random.NextBytes(block);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, block, durable: false));
            block.CopyTo(content, at);
            if (i % 100 == 99)
                await bed.Manager.DestageAsync();
        }
        return content;
    }
}

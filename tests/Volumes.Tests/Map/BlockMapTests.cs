using System.Diagnostics;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Tests.Map;

/// <summary>Edges of the block map: huge volumes, run boundaries, budgets, crashes, concurrency, damage.</summary>
[TestClass]
public sealed class BlockMapTests
{
    private const ulong Huge = 1UL << 34; // 64 TiB

    private static IEnumerable<ulong> Range(ulong start, int count) => Enumerable.Range(0, count).Select(i => start + (ulong)i);

    [TestMethod]
    public void A_volume_of_64_TiB_costs_nothing_until_it_is_written() => SimScheduler.Run(async _ =>
    {
        using var harness = new MapHarness(1 << 20, Huge);
        // All of it runs on one thread here.
        long before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        await harness.CheckRangeAsync(0, 0, 1);
        await harness.CheckRangeAsync(0, Huge - 1, 1);
        await harness.PublishAsync(0, [], new BlockRange(0, Huge));
        Assert.AreEqual(0, harness.Store.MemoryBytes);
        await harness.PublishAsync(0, [0, Huge / 2, Huge - 1]);
        await harness.CheckRangeAsync(0, 0, 600);
        await harness.CheckRangeAsync(0, Huge - 600, 600);
        Assert.IsLessThanOrEqualTo(4 * 2 * 4096, harness.Store.MemoryBytes);
        await harness.CheckpointAsync();
        await harness.CrashAsync();
        await harness.CheckRangeAsync(0, Huge - 600, 600);
        await harness.PublishAsync(0, [], new BlockRange(0, Huge));
        await harness.CheckpointAsync();
        harness.CheckCounts();
        Assert.AreEqual(0, harness.Store.MemoryBytes);
        await harness.CheckRangeAsync(0, Huge - 600, 600);
        Assert.IsLessThan(TimeSpan.FromSeconds(5), clock.Elapsed);
        Assert.IsLessThan(4 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.IsLessThan(1 << 20, new FileInfo(harness.Path).Length);
    });

    [TestMethod]
    public async Task Sequential_data_costs_less_than_40_MiB_a_TiB()
    {
        using var harness = new MapHarness(16 << 20, 1UL << 24);
        const int segments = 4000;
        for (int i = 0; i < segments; i++)
        {
            SegmentHeader header = Header(harness, new BlockRange((ulong)i * 1022, 1022));
            Assert.IsTrue(await harness.Store.ApplyAsync(new(default, [new(harness.Store.Segments.NextId, 1, header)], [])));
        }
        double bytesPerTiB = harness.Store.MemoryBytes / (segments * 1022 * 4096.0) * (1L << 40);
        Assert.IsLessThan(20 << 20, bytesPerTiB);
    }

    [TestMethod]
    public async Task Runs_that_follow_each_other_are_one_across_leaves_and_publishes()
    {
        using var harness = new MapHarness(1 << 20, 1 << 20);
        await harness.PublishAsync(0, [.. Range(100, 1022)]);
        List<MapRun> runs = await harness.ResolveAsync(0, 0, 1500);
        Assert.HasCount(3, runs);
        Assert.AreEqual(new MapRun(new(1), 0, 1022), runs[1]);
        await harness.PublishAsync(0, [.. Range(600, 10)]);
        Assert.HasCount(5, await harness.ResolveAsync(0, 0, 1500));
        await harness.CheckRangeAsync(0, 0, 1500, maxRuns: 1);
    }

    [TestMethod]
    [DataRow(254)]
    [DataRow(255)]
    [DataRow(256)]
    [DataRow(257)]
    [DataRow(511)]
    [DataRow(512)]
    public async Task A_leaf_keeps_its_content_through_every_form(int runs)
    {
        using var harness = new MapHarness(1 << 20, 1 << 12);
        // Neighbours come from two segments in turn, so that each block is a run of its own; from the middle on one run.
        await harness.PublishAsync(0, [.. Range(0, 512)]);
        await harness.PublishAsync(0, [.. Range(0, 512).Where(block => block % 2 == 1 && block < (ulong)runs)]);
        Assert.HasCount(Math.Min(runs + (runs % 2 == 0 && runs < 512 ? 1 : 0), 512), await harness.ResolveAsync(0, 0, 512, 512));
        await harness.CheckRangeAsync(0, 0, 512);
        await harness.CheckpointAsync();
        await harness.CrashAsync();
        await harness.CheckRangeAsync(0, 0, 512);
        await harness.PublishAsync(0, [3]);
        await harness.CheckRangeAsync(0, 0, 512);
        await harness.PublishAsync(0, [.. Range(0, 512)]);
        Assert.HasCount(1, await harness.ResolveAsync(0, 0, 512));
        harness.CheckCounts();
    }

    [TestMethod]
    public async Task Trims_cut_runs_at_any_block()
    {
        using var harness = new MapHarness(1 << 20, 1 << 12);
        for (int start = 0; start < 512; start += 37)
        {
            foreach (int length in (int[])[1, 2, 511, 512, 513, 1024, 1500])
            {
                await harness.PublishAsync(0, [.. Range(0, 1000)]);
                await harness.PublishAsync(0, [.. Range(1000, 1000)], new BlockRange((ulong)start, (ulong)length));
                await harness.CheckRangeAsync(0, 0, 2048);
            }
        }
        harness.CheckCounts();
    }

    [TestMethod]
    public async Task A_publish_larger_than_memory_goes_on_behind_checkpoints_and_survives_a_crash_among_them()
    {
        // A block in each of 1000 groups: each needs a directory of its own.
        using var harness = new MapHarness(MapMemory.MinBudgetBytes, 1000UL << 18);
        await harness.PublishAsync(0, [.. Range(0, 1000).Select(i => i << 18)]);
        int before = harness.Checkpoints;
        Assert.IsGreaterThan(10, before);
        await harness.PublishAsync(0, [.. Range(0, 1000).Select(i => (i << 18) + 1)], new BlockRange(0, 1000UL << 18));
        harness.CheckCounts();
        Assert.IsGreaterThan(before + 10, harness.Checkpoints);
        await harness.CrashAsync();
        harness.CheckCounts();
        for (ulong group = 0; group < 1000; group++)
            await harness.CheckRangeAsync(0, group << 18, 600);
    }

    [TestMethod]
    public async Task Dead_segments_are_found_removed_and_forgotten()
    {
        using var harness = new MapHarness(1 << 20, 1 << 20);
        await harness.PublishAsync(0, [.. Range(0, 100)]);
        await harness.PublishAsync(0, [.. Range(0, 99)]);
        var dead = new List<SegmentId>();
        harness.Store.Segments.CopyDead(dead);
        Assert.IsEmpty(dead);
        await harness.PublishAsync(0, [99]);
        harness.Store.Segments.CopyDead(dead);
        CollectionAssert.AreEqual(new SegmentId[] { new(1) }, dead);
        await harness.CheckpointAsync();
        harness.Store.Segments.Remove(new(1));
        await harness.CheckpointAsync();
        await harness.CrashAsync();
        Assert.AreEqual(2, harness.Store.Segments.Count);
        Assert.AreEqual(4U, harness.Store.Segments.NextId.Value);
        Assert.AreEqual(4UL, harness.Store.Segments.NextSequence(1));
        harness.CheckCounts();
    }

    [TestMethod]
    public async Task Numbers_are_not_given_again_when_the_newest_segment_is_gone()
    {
        using var harness = new MapHarness(1 << 20, 1 << 20);
        await harness.PublishAsync(0, [1]);
        await harness.PublishAsync(0, [], new BlockRange(0, 2));
        harness.Store.Segments.Remove(new(1));
        await harness.CheckpointAsync();
        await harness.CrashAsync();
        Assert.AreEqual((2U, 2UL), (harness.Store.Segments.NextId.Value, harness.Store.Segments.NextSequence(1)));
    }

    [TestMethod]
    public async Task Readers_see_the_old_or_the_new_while_the_writer_works_in_little_memory()
    {
        int seed = Seed.One();
        using var harness = new MapHarness(MapMemory.MinBudgetBytes, 1 << 20, 1 << 20);
        ulong[] blocks = [.. Range(0, 200).Select(i => i * 5003)];
        for (int volume = 0; volume < 2; volume++)
            await harness.PublishAsync(volume, blocks);
        await harness.CheckpointAsync();
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 3).Select(reader => Task.Run(async () =>
        {
            var random = new Random(seed + reader);
            while (!stop.IsCancellationRequested)
            {
                // Each block is always mapped, at the same place in the segment that has it.
                int at = random.Next(blocks.Length);
                List<MapRun> runs = await harness.ResolveAsync(random.Next(2), blocks[at], 1);
                Assert.AreEqual((false, at), (runs[0].IsHole, runs[0].FirstIndex), $"LUNARIA_SEED={seed}");
            }
        }))];
        for (int round = 0; round < 40; round++)
        {
            await harness.PublishAsync(round % 2, blocks);
            if (round % 10 == 9)
                await harness.CheckpointAsync();
        }
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        harness.CheckCounts();
    }

    [TestMethod]
    public async Task Resolving_allocates_nothing()
    {
        using var harness = new MapHarness(1 << 20, 1 << 20);
        await harness.PublishAsync(0, [.. Range(0, 1000).Select(i => i * 2)]);
        var runs = new MapRun[64];
        harness.Maps[0].TryResolve(0, 64, runs, out _);
        Assert.AreEqual(0, Allocations.Least(() =>
        {
            for (ulong block = 0; block < 1000; block++)
            {
                lock (harness.Locks[0])
                    harness.Maps[0].TryResolve(block, 64, runs, out _);
            }
        }));
    }

    [TestMethod]
    public async Task Blocks_behind_the_end_are_refused()
    {
        using var harness = new MapHarness(1 << 20, 1000);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => harness.Maps[0].TryResolve(999, 2, new MapRun[4], out _));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => harness.Maps[0].TryResolve(ulong.MaxValue, 1, new MapRun[4], out _));
        await harness.PublishAsync(0, [1000]);
        Assert.IsTrue(harness.Store.IsFaulted(1), "its line alone goes into quarantine");
        await Assert.ThrowsExactlyAsync<InvalidDataException>(
            () => harness.Store.ApplyAsync(new PublishFrame(default, [], [new(9, new(0, 1))])).AsTask());
    }

    [TestMethod]
    public void A_number_that_belongs_to_another_volume_is_refused()
    {
        using var directory = new TemporaryDirectory();
        using (MapStore store = MapStore.Open(directory["map.db"], 1 << 20))
        {
            store.OpenVolume(1, Guid.NewGuid(), 1000, new());
            store.CheckpointAsync(new(1, default)).AsTask().GetAwaiter().GetResult();
        }
        using MapStore again = MapStore.Open(directory["map.db"], 1 << 20);
        Assert.ThrowsExactly<InvalidDataException>(() => again.OpenVolume(1, Guid.NewGuid(), 1000, new()));
    }

    private static SegmentHeader Header(MapHarness harness, BlockRange extent) => new()
    {
        PoolId = MapHarness.Pool, VolumeUuid = MapHarness.Uuid(0), Sequence = harness.Store.Segments.NextSequence(1), Kind = SegmentKind.Data,
        FirstLsn = 0, EndLsn = 0, Extents = [extent], Trims = [], BlockCrcs = new uint[extent.LengthBlocks],
    };
}

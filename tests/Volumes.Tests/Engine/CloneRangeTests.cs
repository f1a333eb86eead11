using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>A range of one volume becomes that of another without a byte moving, and from then on they are strangers.</summary>
[TestClass]
public sealed class CloneRangeTests
{
    private const int Blocks = 600;

    private static readonly VolumesOptions OnlyWhenAsked = EngineBed.Tiny with { GarbageShare = 1 };

    [TestMethod]
    public async Task Nothing_is_stored_twice_and_changes_of_one_do_not_touch_the_other()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        (Volume source, byte[] content) = await FillAsync(bed, "a", new(1));
        Volume target = await bed.CreateAsync("b", 2 * Blocks * EngineBed.Block);
        await bed.Manager.DestageAsync(checkpoint: true);
        long stored = bed.Store.UsedBytes;
        byte[] expected = new byte[target.SizeBytes];
        await CloneAsync(bed, source, 7, target, 101, Blocks - 50, content, expected);
        await CheckAsync(target, expected, "from the log");
        await bed.Manager.DestageAsync(checkpoint: true);
        await CheckAsync(target, expected, "from the map");
        Assert.AreEqual(stored, bed.Store.UsedBytes);
        Assert.AreEqual((long)EngineBed.CountMapped(expected) * EngineBed.Block, target.GetStatistics().MappedBytes);
        Books.Check(bed);

        await OverwriteAsync(source, content, new(2));
        await OverwriteAsync(target, expected, new(3));
        await CheckAsync(source, content, "source");
        await CheckAsync(target, expected, "target");
        await bed.KillAsync(new(4));
        await CheckAsync(bed.Manager.Find("a")!, content, "source, after a death");
        await CheckAsync(bed.Manager.Find("b")!, expected, "target, after a death");
    }

    [TestMethod]
    public async Task Much_that_the_log_holds_is_destaged_before_it_is_shared()
    {
        const int blocks = 3000;
        await using EngineBed bed = await EngineBed.OpenAsync(
            EngineBed.Tiny with { Log = new() { FileBytes = 4 << 20, SizeBytes = 64 << 20 }, DestageThresholdBytes = 64 << 20, SegmentBytes = 1 << 20, GarbageShare = 1 });
        Volume source = await bed.CreateAsync("a", blocks * EngineBed.Block), target = await bed.CreateAsync("b", blocks * EngineBed.Block);
        byte[] content = new byte[source.SizeBytes];
        new Random(13).NextBytes(content);
        Assert.AreEqual(VolumeStatus.Ok, await source.WriteAsync(0, content, durable: false));
        await bed.Manager.SettleRangeAsync(source, 0, source.SizeBytes);
        Assert.AreEqual(0, source.GetStatistics().InLogBytes);
        long stored = bed.Store.UsedBytes;
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.CloneRangeAsync(source, 0, target, 0, source.SizeBytes));
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(stored, bed.Store.UsedBytes);
        await CheckAsync(target, content, "the clone");
    }

    [TestMethod]
    public async Task Little_that_the_log_holds_is_copied()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        (Volume source, byte[] content) = await FillAsync(bed, "a", new(5));
        Volume target = await bed.CreateAsync("b", Blocks * EngineBed.Block);
        byte[] expected = new byte[target.SizeBytes];
        await CloneAsync(bed, source, 0, target, 0, Blocks, content, expected);
        await OverwriteAsync(source, content, new(6));
        await CheckAsync(target, expected, "the clone");
        await bed.KillAsync(new(7));
        await CheckAsync(bed.Manager.Find("b")!, expected, "the clone, after a death");
    }

    [TestMethod]
    public async Task Garbage_collection_moves_what_strangers_share()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        (Volume source, byte[] content) = await FillAsync(bed, "a", new(8));
        await bed.Manager.DestageAsync(checkpoint: true);
        Volume target = await bed.CreateAsync("b", 2 * Blocks * EngineBed.Block);
        byte[] expected = new byte[target.SizeBytes];
        for (int at = 0; at < Blocks; at += 3)
            await CloneAsync(bed, source, at, target, Blocks + 11 + (at / 3), 1, content, expected);
        await CloneAsync(bed, target, Blocks, target, 17, 200, expected, expected);
        Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(target, "s");
        Volume clone = await bed.Manager.CloneAsync(snapshot, "c");
        await bed.Manager.DeleteVolumeAsync(source);
        await bed.Manager.DestageAsync(checkpoint: true);
        long before = bed.Store.UsedBytes;
        await bed.Manager.CollectGarbageAsync();
        Assert.IsLessThan(before * 2 / 3, bed.Store.UsedBytes, "two thirds of what the source had are named by nobody");
        await CheckAsync(target, expected, "target");
        await CheckAsync(clone, expected, "clone of the target");
        Books.Check(bed);
        await bed.KillAsync(new(9), powerCut: true);
        await CheckAsync(bed.Manager.Find("c")!, expected, "clone of the target, after a death");
        await bed.Manager.FlattenAsync(bed.Manager.Find("c")!);
        await bed.Manager.DeleteVolumeAsync(bed.Manager.Find("b")!, withSnapshots: true);
        await bed.Manager.CollectGarbageAsync();
        await CheckAsync(bed.Manager.Find("c")!, expected, "clone of the target, alone");
        Books.Check(bed);
    }

    [TestMethod]
    public async Task A_segment_that_only_the_log_names_stays()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        (Volume source, byte[] content) = await FillAsync(bed, "a", new(10));
        await bed.Manager.DestageAsync(checkpoint: true);
        Volume target = await bed.CreateAsync("b", Blocks * EngineBed.Block);
        byte[] expected = new byte[target.SizeBytes];
        await CloneAsync(bed, source, 0, target, 0, Blocks, content, expected);
        // The trims are published ahead of their turn, so that the map names nothing of the source any more; the record of the clone is still only in the log.
        bed.Store.CapacityBytes = bed.Store.UsedBytes;
        Assert.AreEqual(VolumeStatus.Ok, await source.UnmapAsync(0, source.SizeBytes));
        await OverwriteAsync(target, expected, new(11), writes: 3);
        Task destaged = bed.Manager.DestageAsync(checkpoint: true);
        Assert.IsTrue(SpinWait.SpinUntil(() => source.GetStatistics().MappedBytes == 0, TimeSpan.FromSeconds(60)));
        await CheckAsync(target, expected, "while the store is full");
        await bed.KillAsync(new(12));
        await Assert.ThrowsAsync<OperationCanceledException>(() => destaged);
        await CheckAsync(bed.Manager.Find("b")!, expected, "after a death");
        bed.Store.CapacityBytes = long.MaxValue;
        await bed.Manager.DestageAsync(checkpoint: true);
        await CheckAsync(bed.Manager.Find("b")!, expected, "published");
        Books.Check(bed);
    }

    [TestMethod]
    public async Task Ranges_that_overlap_or_are_no_blocks_or_reach_over_the_end_are_refused()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        Volume volume = await bed.CreateAsync("a", Blocks * EngineBed.Block);
        Assert.ThrowsExactly<ArgumentException>(() => bed.Manager.CloneRangeAsync(volume, 0, volume, 4096, 8192).AsTask());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => bed.Manager.CloneRangeAsync(volume, 512, volume, 40960, 4096).AsTask());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => bed.Manager.CloneRangeAsync(volume, 0, volume, volume.SizeBytes - 4096, 8192).AsTask());
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.CloneRangeAsync(volume, 0, volume, 4096, 0));
        await bed.Manager.CloseVolumeAsync(volume);
        Assert.AreEqual(VolumeStatus.Unavailable, await bed.Manager.CloneRangeAsync(volume, 0, volume, 4096, 4096));
    }

    private static async Task<(Volume Volume, byte[] Content)> FillAsync(EngineBed bed, string name, Random random)
    {
        Volume volume = await bed.CreateAsync(name, Blocks * EngineBed.Block);
        byte[] content = new byte[volume.SizeBytes];
        await OverwriteAsync(volume, content, random, writes: 300);
        return (volume, content);
    }

    private static async Task OverwriteAsync(Volume volume, byte[] content, Random random, int writes = 40)
    {
        int blocks = content.Length / EngineBed.Block;
        for (int i = 0; i < writes; i++)
        {
            byte[] data = new byte[random.Next(1, 5) * EngineBed.Block];
            random.NextBytes(data);
            int at = random.Next(blocks - 4) * EngineBed.Block;
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, data, durable: false));
            data.CopyTo(content, at);
        }
    }

    private static async Task CloneAsync(
        EngineBed bed, Volume source, int from, Volume target, int to, int blocks, byte[] sourceContent, byte[] targetContent)
    {
        VolumeStatus status = await bed.Manager.CloneRangeAsync(
            source, (long)from * EngineBed.Block, target, (long)to * EngineBed.Block, (long)blocks * EngineBed.Block);
        Assert.AreEqual(VolumeStatus.Ok, status);
        sourceContent.AsSpan(from * EngineBed.Block, blocks * EngineBed.Block).CopyTo(targetContent.AsSpan(to * EngineBed.Block));
    }

    private static async Task CheckAsync(Volume volume, byte[] expected, string where)
    {
        byte[] found = new byte[expected.Length];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, found), where);
        ModelSteps.AssertSame(expected, found, 0);
    }
}

using Lunaria.Volumes.Tests.Engine;
using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Reclaim;

/// <summary>A store that is full of what is written over is not full: hosts write on, whatever there is of garbage is given back, and only what lives can fill it.</summary>
[TestClass]
public sealed class FullStoreTests
{
    private const int Blocks = 512, Bytes = Blocks * EngineBed.Block, SegmentBytes = 32 << 10;

    // Of the 8 pages of a segment one is its header.
    private const long StoredBytes = Bytes * 8L / 7;

    private static readonly VolumesOptions Options = EngineBed.Tiny with { SegmentBytes = SegmentBytes };

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Writers_never_hear_of_it_where_a_fifth_of_the_store_is_garbage(bool isPaused, bool kill) => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(Options, scheduler.Time);
        Volume volume = await bed.CreateAsync(sizeBytes: Bytes);
        bed.Manager.IsCollectionPaused = isPaused;
        (bed.Store.CapacityBytes, bed.Store.ReserveBytes) = (StoredBytes * 5 / 4, 8 * SegmentBytes);
        Random random = new(Seed.One());
        byte[] content = new byte[Bytes];
        await OverwriteAsync(volume, content, 8 * Blocks, random, bed);
        if (kill)
        {
            await bed.KillAsync(random);
            volume = bed.Manager.Find("v")!;
            await OverwriteAsync(volume, content, 2 * Blocks, random, bed);
        }
        Assert.IsGreaterThan(0, bed.Manager.CollectedBytes);
        await bed.CheckAsync(volume, content);
        Books.Check(bed);
    });

    [TestMethod]
    public void Garbage_that_a_deleted_snapshot_leaves_makes_room_for_writers_who_found_none() => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(Options, scheduler.Time);
        Volume volume = await bed.CreateAsync(sizeBytes: Bytes);
        Random random = new(Seed.One());
        byte[] content = new byte[Bytes];
        await OverwriteAsync(volume, content, 4 * Blocks, random, bed);
        Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(volume, "s");
        await bed.Manager.DestageAsync(checkpoint: true);
        (bed.Store.CapacityBytes, bed.Store.ReserveBytes) = (bed.Store.UsedBytes + (8 * SegmentBytes), 8 * SegmentBytes);
        await OverwriteUntilRefusedAsync(volume, content, random);
        Assert.AreEqual(HealthState.OutOfSpace, volume.Health.State);
        await bed.CheckAsync(volume, content);

        await bed.Manager.DeleteSnapshotAsync(snapshot);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(HealthState.Online, volume.Health.State);
        await OverwriteAsync(volume, content, Blocks / 4, random, bed);
        await bed.CheckAsync(volume, content);
        Books.Check(bed);
    });

    /// <summary>What is dead may go only once a catalog is saved that does not name it, and a catalog is saved at points: none comes while the log holds what finds no space.</summary>
    [TestMethod]
    public void A_deleted_volume_makes_room_though_nothing_is_collected() => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(Options with { GarbageShare = 1 }, scheduler.Time);
        Random random = new(Seed.One());
        Volume gone = await bed.CreateAsync("gone", Bytes), volume = await bed.CreateAsync(sizeBytes: Bytes);
        byte[] content = new byte[Bytes];
        await OverwriteAsync(gone, new byte[Bytes], 4 * Blocks, random, bed);
        await bed.Manager.DestageAsync(checkpoint: true);
        (bed.Store.CapacityBytes, bed.Store.ReserveBytes) = (bed.Store.UsedBytes + (8 * SegmentBytes), 8 * SegmentBytes);
        await OverwriteUntilRefusedAsync(volume, content, random);
        Assert.AreEqual(HealthState.OutOfSpace, volume.Health.State);
        await bed.Manager.DeleteVolumeAsync(gone);
        Task destaged = bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreSame(destaged, await Task.WhenAny(destaged, Task.Delay(TimeSpan.FromMinutes(10), scheduler.Time)), volume.Health.Cause);
        await destaged;
        Assert.AreEqual(HealthState.Online, volume.Health.State);
        await bed.CheckAsync(volume, content);
        Books.Check(bed);
    });

    [TestMethod]
    public void Space_that_lies_in_small_pieces_takes_smaller_segments() => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(Options, scheduler.Time);
        Volume volume = await bed.CreateAsync(sizeBytes: Bytes);
        Random random = new(Seed.One());
        byte[] content = new byte[Bytes];
        bed.Store.CapacityBytes = 100L * Bytes;
        bed.Store.LargestPieceBytes = SegmentBytes / 4;
        await OverwriteAsync(volume, content, Blocks, random, bed);
        await bed.Manager.DestageAsync();
        Assert.AreEqual(HealthState.Online, volume.Health.State);
        Assert.IsTrue(bed.Store.Keys.All(key => bed.Store.Content(key).Length <= SegmentBytes / 4));
        await bed.Manager.CollectGarbageAsync();
        await bed.CheckAsync(volume, content);

        bed.Store.LargestPieceBytes = long.MaxValue;
        await OverwriteAsync(volume, content, Blocks, random, bed);
        await bed.Manager.DestageAsync();
        Assert.IsTrue(bed.Store.Keys.Any(key => bed.Store.Content(key).Length > SegmentBytes / 2), "segments stay small");
        await bed.CheckAsync(volume, content);
        Books.Check(bed);
    });

    private static async Task OverwriteUntilRefusedAsync(Volume volume, byte[] content, Random random)
    {
        byte[] block = new byte[EngineBed.Block];
        while (true)
        {
            int at = random.Next(Blocks) * EngineBed.Block;
            random.NextBytes(block);
            if (await volume.WriteAsync(at, block, durable: false) != VolumeStatus.Ok)
                return;
            block.CopyTo(content, at);
        }
    }

    private static async Task OverwriteAsync(Volume volume, byte[] content, int writes, Random random, EngineBed bed)
    {
        byte[] block = new byte[EngineBed.Block];
        for (int i = 0; i < writes; i++)
        {
            int at = random.Next(Blocks) * EngineBed.Block;
            random.NextBytes(block);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, block, durable: false), bed.Manager.GetStatistics().Health.Cause);
            block.CopyTo(content, at);
        }
    }
}

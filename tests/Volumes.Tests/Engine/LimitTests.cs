namespace Lunaria.Volumes.Tests.Engine;

/// <summary>Limits of volumes, under a clock that the test moves.</summary>
[TestClass]
public sealed class LimitTests
{
    private const int Block = EngineBed.Block;
    private const long Limit = VolumeLimits.MinDirtyBytes;

    // A log that is much larger than the limit of one volume's part of it.
    private static readonly VolumesOptions Roomy =
        EngineBed.Tiny with { Log = new() { FileBytes = 4 << 20, SizeBytes = 128 << 20 }, SegmentBytes = 1 << 20, CutBytes = 8 << 20, DestageThresholdBytes = 1L << 30, MapMemoryBytes = 16 << 20, GarbageShare = 1 };

    private static readonly byte[] Piece = Content();

    [TestMethod]
    public async Task What_is_above_the_limit_waits_its_turn_in_order_and_the_burst_does_not()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await bed.Manager.SetLimitsAsync(volume, new() { OperationsPerSecond = 100, BurstOperations = 10 });
        byte[] block = new byte[Block];
        int atOnce = 0;
        while (volume.TryRead(0, block))
            Assert.IsLessThan(20, ++atOnce);
        Assert.IsTrue(atOnce is 10 or 11, $"{atOnce} at once");
        Assert.IsFalse(volume.TryWriteBatch([0], [block]));
        Task<VolumeStatus>[] waiting = [.. Enumerable.Range(0, 100).Select(i => i % 3 == 0 ? volume.WriteAsync(0, block, durable: false).AsTask()
            : i % 3 == 1 ? volume.ReadAsync(0, block).AsTask() : volume.UnmapAsync(0, Block).AsTask())];
        for (int tick = 0; tick < 10; tick++)
        {
            int done = waiting.Count(task => task.IsCompleted);
            Assert.IsTrue(Math.Abs(done - (tick * 10)) <= 2, $"{done} are done after {tick} tenths of a second");
            Assert.AreEqual(done, waiting.TakeWhile(task => task.IsCompleted).Count(), "out of order");
            time.Advance(TimeSpan.FromSeconds(0.1));
        }
        time.Advance(TimeSpan.FromSeconds(0.1));
        foreach (Task<VolumeStatus> task in waiting)
            Assert.AreEqual(VolumeStatus.Ok, await task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [TestMethod]
    public async Task Bytes_are_limited_too_and_a_limit_is_lifted_live_and_kept_over_a_restart()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync(sizeBytes: 4 << 20), other = await bed.CreateAsync("other", 4 << 20);
        await bed.Manager.SetLimitsAsync(volume, new() { BytesPerSecond = 1 << 20, BurstBytes = 64 << 10 });
        byte[] content = new byte[256 << 10];
        Assert.IsTrue(volume.TryRead(0, content), "the first goes into debt");
        Assert.IsFalse(volume.TryRead(0, content));
        Assert.IsTrue(other.TryRead(0, content), "others are not concerned");
        Task<VolumeStatus> read = volume.ReadAsync(0, content).AsTask();
        time.Advance(TimeSpan.FromSeconds(0.18));
        Assert.IsFalse(read.IsCompleted, "of 256 KiB 64 KiB are the burst, so it waits for 192 KiB");
        time.Advance(TimeSpan.FromSeconds(0.02));
        Assert.AreEqual(VolumeStatus.Ok, await read.WaitAsync(TimeSpan.FromSeconds(30)));
        await bed.RestartAsync();
        volume = bed.Manager.Find("v")!;
        Assert.AreEqual(new() { BytesPerSecond = 1 << 20, BurstBytes = 64 << 10 }, volume.Limits);
        Assert.IsTrue(volume.TryRead(0, content));
        Assert.IsFalse(volume.TryRead(0, content));
        await bed.Manager.SetLimitsAsync(volume, VolumeLimits.None);
        Assert.IsTrue(volume.TryRead(0, content));
        await bed.Manager.DeleteVolumeAsync(volume);
        Assert.AreEqual(VolumeLimits.None, (await bed.CreateAsync(sizeBytes: 4 << 20)).Limits);
    }

    [TestMethod]
    public async Task Who_would_wait_longer_than_hosts_do_is_told_to_come_again()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await bed.Manager.SetLimitsAsync(volume, new() { OperationsPerSecond = 10 });
        byte[] block = new byte[Block];
        Task<VolumeStatus>[] reads = [.. Enumerable.Range(0, 300).Select(_ => volume.ReadAsync(0, block).AsTask())];
        time.Advance(TimeSpan.FromSeconds(40));
        VolumeStatus[] outcomes = await Task.WhenAll(reads).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.AreEqual(VolumeStatus.Unavailable, outcomes[^1]);
        Assert.IsTrue(outcomes.Count(outcome => outcome == VolumeStatus.Ok) is > 250 and < 270, $"{outcomes.Count(outcome => outcome == VolumeStatus.Ok)} of them");
    }

    [TestMethod]
    public async Task A_floor_is_not_slowed_by_a_log_that_others_fill()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume noisy = await bed.CreateAsync("noisy", 4 << 20), quiet = await bed.CreateAsync("quiet", 4 << 20), other = await bed.CreateAsync("other", 4 << 20);
        await bed.Manager.SetLimitsAsync(quiet, new() { FloorOperationsPerSecond = 5 });
        bed.Store.HoldPuts();
        byte[] content = new byte[64 << 10];
        new Random(1).NextBytes(content);
        // Side by side: of what is written over in the log nothing is put, so it could be given back although puts are held.
        for (int piece = 0; noisy.TryWriteBatch([piece * (long)content.Length], [content]); piece++)
        {
        }
        Assert.IsFalse(other.TryWriteBatch([0], [content.AsMemory(0, Block)]), "back-pressure");
        int written = 0;
        while (quiet.TryWriteBatch([0], [content.AsMemory(0, Block)]))
            Assert.IsLessThan(20, ++written);
        Assert.IsTrue(written is 5 or 6, $"{written} at once");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.IsTrue(quiet.TryWriteBatch([0], [content.AsMemory(0, Block)]));
        bed.Store.ReleasePuts();
    }

    [TestMethod]
    public async Task What_the_log_holds_of_a_volume_is_limited_smoothly_at_first_and_others_write_on()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(Roomy, time);
        Volume limited = await bed.CreateAsync("limited"), other = await bed.CreateAsync("other");
        await bed.Manager.SetLimitsAsync(limited, new() { DirtyBytes = Limit });
        bed.Store.HoldPuts();
        int free = 0;
        while (limited.TryWriteBatch([free * (long)Piece.Length], [Piece]))
            free++;
        Assert.AreEqual(0.65, free * (double)Piece.Length / Limit, 0.02, "up to there nobody waits");
        List<Task<VolumeStatus>> writes = await FillAsync(limited, free, time);
        // Longer than any pace, shorter than hosts' patience: who has not written waits for the store.
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.IsLessThan(Limit + (32L * Piece.Length), limited.GetStatistics().InLogBytes);
        Assert.IsTrue(writes.Any(write => !write.IsCompleted));
        Assert.IsTrue(other.TryWriteBatch([0], [Piece]), "others are not concerned");
        bed.Store.ReleasePuts();
        foreach (Task<VolumeStatus> write in writes)
            Assert.AreEqual(VolumeStatus.Ok, await write.WaitAsync(TimeSpan.FromSeconds(60)));
        await bed.RestartAsync();
        Assert.AreEqual(Limit, bed.Manager.Find("limited")!.Limits.DirtyBytes);
    }

    [TestMethod]
    public async Task Who_waits_at_that_limit_longer_than_hosts_do_is_told_to_come_again()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(Roomy, time);
        Volume limited = await bed.CreateAsync("limited");
        await bed.Manager.SetLimitsAsync(limited, new() { DirtyBytes = Limit });
        bed.Store.HoldPuts();
        List<Task<VolumeStatus>> writes = await FillAsync(limited, 0, time);
        Task<VolumeStatus> late = limited.WriteAsync(0, Piece, durable: false).AsTask();
        while (!late.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.AreEqual(VolumeStatus.Unavailable, await late);
        bed.Store.ReleasePuts();
        foreach (Task<VolumeStatus> write in writes)
            Assert.IsTrue(await write.WaitAsync(TimeSpan.FromSeconds(60)) is VolumeStatus.Ok or VolumeStatus.Unavailable);
    }

    /// <summary>Begins to write twice the limit, and lets time pass until the log holds all of it that it may.</summary>
    private static async Task<List<Task<VolumeStatus>>> FillAsync(Volume volume, int from, ManualTime time)
    {
        List<Task<VolumeStatus>> writes = [];
        for (int i = from; i < 2 * Limit / Piece.Length; i++)
            writes.Add(volume.WriteAsync(i * (long)Piece.Length, Piece, durable: false).AsTask());
        while (volume.GetStatistics().InLogBytes < Limit)
        {
            time.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Yield();
        }
        return writes;
    }

    [TestMethod]
    public async Task Limits_that_make_no_sense_are_refused()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        foreach (VolumeLimits limits in (VolumeLimits[])[
            new() { OperationsPerSecond = 0 }, new() { BytesPerSecond = 4096 }, new() { BurstOperations = 5 }, new() { BurstBytes = 1 << 20 },
            new() { OperationsPerSecond = 100, BurstOperations = 0 }, new() { FloorOperationsPerSecond = 0 }, new() { OperationsPerSecond = 100, FloorOperationsPerSecond = 200 }, new() { DirtyBytes = 1 << 20 }])
            await Assert.ThrowsExactlyAsync<ArgumentException>(() => bed.Manager.SetLimitsAsync(volume, limits).AsTask());
    }

    private static byte[] Content()
    {
        byte[] content = new byte[64 << 10];
        new Random(1).NextBytes(content);
        return content;
    }
}

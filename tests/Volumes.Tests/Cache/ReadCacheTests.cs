using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>What the read cache does for volumes: hits, policies, devices that come, go and fail, and what a start finds.</summary>
[TestClass]
public sealed class ReadCacheTests
{
    private const int Blocks = 1024;

    [TestMethod]
    public async Task What_was_read_once_is_not_read_from_the_store_again()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 1);
        await bed.WarmAsync(volume, content, Blocks);
        int gets = bed.Gets;
        for (int block = 0; block < Blocks; block++)
            await CacheBed.ReadAsync(volume, content, block);
        await CacheBed.ReadAsync(volume, content, 5, 900);
        Assert.AreEqual(gets, bed.Gets, "reads of the store after all was in the cache");
        VolumeCacheStatus status = bed.StatusOf(volume);
        Assert.IsGreaterThan(0.5, status.HitRate);
        Assert.AreEqual(Blocks / 16 * 65536L, status.UsedBytes, 5 * 65536L);
    }

    [TestMethod]
    public async Task Reads_that_wait_for_the_device_are_timed()
    {
        using RecordedDurations durations = new();
        FaultyDisk? disk = null;
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20, openDisk: directory => disk = new FaultyDisk(new FileSystemDisk(directory)), readDurations: durations.Histogram);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 1);
        await bed.Engine.Manager.DestageAsync(checkpoint: true);
        await bed.WarmAsync(volume, content, Blocks);
        await bed.KillAsync();
        volume = bed.Engine.Manager.Find("v")!;
        disk!.IsCold = true;
        int before = durations.Count;
        await CacheBed.ReadAsync(volume, content, 7);
        Assert.AreEqual(before + 1, durations.Count);
    }

    [TestMethod]
    public async Task A_killed_process_finds_its_cache_again_and_hits_need_no_directory()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 2);
        await bed.Engine.Manager.DestageAsync(checkpoint: true);
        await bed.WarmAsync(volume, content, Blocks);
        await bed.KillAsync();
        volume = bed.Engine.Manager.Find("v")!;
        int gets = bed.Gets;
        for (int block = 0; block < Blocks; block++)
            await CacheBed.ReadAsync(volume, content, block);
        Assert.AreEqual(gets, bed.Gets, "reads of the store, headers included");
        Assert.AreEqual(0, bed.StatusOf(volume).MissBytes);
    }

    [TestMethod]
    public async Task Behaviours_on_write_and_none()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(32 << 20);
        (Volume written, byte[] content) = await bed.FillAsync("written", Blocks, 3, new(CacheBehaviour.OnWrite));
        int gets = bed.Gets;
        await CacheBed.ReadAsync(written, content, 0, Blocks);
        Assert.AreEqual(gets, bed.Gets, "what was destaged is in the cache");
        (Volume none, byte[] other) = await bed.FillAsync("none", Blocks, 4, new(CacheBehaviour.None));
        for (int round = 0; round < 2; round++)
        {
            gets = bed.Gets;
            await bed.WarmAsync(none, other, Blocks);
            Assert.IsGreaterThan(gets, bed.Gets);
        }
        Assert.AreEqual(0, bed.StatusOf(none).UsedBytes);
        await bed.Cache.SetPolicyAsync(none, new());
        await bed.WarmAsync(none, other, Blocks);
        gets = bed.Gets;
        await CacheBed.ReadAsync(none, other, 0, Blocks);
        Assert.AreEqual(gets, bed.Gets, "switched on while it runs");
    }

    [TestMethod]
    public async Task A_scan_does_not_take_what_another_volume_has_reserved_nor_more_than_its_limit()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20);
        (Volume kept, byte[] keptContent) = await bed.FillAsync("kept", 1024, 5, new(ReserveBytes: 8 << 20));
        (Volume limited, byte[] limitedContent) = await bed.FillAsync("limited", 1024, 6, new(LimitBytes: 1 << 20));
        (Volume scanned, byte[] scannedContent) = await bed.FillAsync("scanned", 8192, 7);
        await bed.WarmAsync(kept, keptContent, 1024);
        await bed.WarmAsync(limited, limitedContent, 1024);
        await bed.WarmAsync(scanned, scannedContent, 8192);
        Assert.IsLessThanOrEqualTo(1 << 20, bed.StatusOf(limited).UsedBytes);
        Assert.IsGreaterThan(4L << 20, bed.StatusOf(scanned).UsedBytes);
        int gets = bed.Gets;
        await CacheBed.ReadAsync(kept, keptContent, 0, 1024);
        Assert.AreEqual(gets, bed.Gets, "the reserved part after the scan of the other");
    }

    [TestMethod]
    public async Task Content_mode_keeps_copies_of_an_image_once_also_after_a_kill()
    {
        const int image = 256, copies = 100;
        await using CacheBed bed = await CacheBed.OpenAsync(8 << 20);
        List<(Volume Volume, byte[] Content)> all = [];
        // Different beginnings, so that the copies are packed differently.
        for (int i = 0; i < copies; i++)
        {
            Volume volume = await bed.Engine.CreateAsync($"copy{i}");
            await bed.Cache.SetPolicyAsync(volume, new(Mode: CacheMode.Content));
            byte[] content = new byte[image * CacheBed.Block];
            new Random(8).NextBytes(content);
            new Random(i).NextBytes(content.AsSpan(0, i % 5 * CacheBed.Block));
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, content, false));
            if (i % 5 > 0)
                Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync((i % 5 - 1) * CacheBed.Block, CacheBed.Block));
            if (i % 5 > 0)
                content.AsSpan((i % 5 - 1) * CacheBed.Block, CacheBed.Block).Clear();
            await bed.Engine.Manager.DestageAsync();
            all.Add((volume, content));
        }
        await bed.Engine.Manager.DestageAsync(checkpoint: true);
        foreach ((Volume volume, byte[] content) in all)
            await bed.WarmAsync(volume, content, image);
        ReadCacheStatus status = bed.Cache.GetStatus();
        Assert.IsLessThan(image + copies * 5, status.ContentBlocks);
        Assert.IsLessThan(3L << 20, status.UsedBytes);
        for (int life = 0; life < 2; life++)
        {
            int gets = bed.Gets;
            foreach ((Volume volume, byte[] content) in all)
                await CacheBed.ReadAsync(bed.Engine.Manager.Find(volume.Name)!, content, 0, image);
            Assert.AreEqual(gets, bed.Gets, $"reads of the store in life {life}");
            await bed.KillAsync();
        }
    }

    [TestMethod]
    public async Task Deleted_segments_leave_the_cache()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 9);
        await bed.WarmAsync(volume, content, Blocks);
        Assert.IsGreaterThan(3L << 20, bed.Cache.GetStatus().UsedBytes);
        Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(0, (long)Blocks * CacheBed.Block));
        await bed.Engine.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(0, bed.Cache.GetStatus().UsedBytes);
    }

    [TestMethod]
    [DataRow(CacheMode.Location)]
    [DataRow(CacheMode.Content)]
    public async Task Blocks_that_garbage_collection_moves_stay_in_the_cache(CacheMode mode)
    {
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 12, new(Mode: mode));
        await bed.WarmAsync(volume, content, Blocks);
        // Half of each segment becomes garbage.
        byte[] other = new byte[8 * CacheBed.Block];
        new Random(13).NextBytes(other);
        for (int block = 0; block < Blocks; block += 16)
        {
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(block * CacheBed.Block, other, false));
            other.CopyTo(content, block * CacheBed.Block);
        }
        await bed.Engine.Manager.DestageAsync(checkpoint: true);
        await bed.Engine.Manager.CollectGarbageAsync();
        Assert.IsGreaterThan(Blocks / 3 * CacheBed.Block, bed.Engine.Manager.CollectedBytes);
        int gets = bed.Gets;
        for (int block = 8; block < Blocks; block += 16)
            await CacheBed.ReadAsync(volume, content, block, 8);
        Assert.AreEqual(gets, bed.Gets, "reads of the store for what was in the cache before it was moved");
        await bed.KillAsync();
        gets = bed.Gets;
        for (int block = 8; block < Blocks; block += 16)
            await CacheBed.ReadAsync(bed.Engine.Manager.Find("v")!, content, block, 8);
        Assert.AreEqual(gets, bed.Gets, "and after a kill");
    }

    [TestMethod]
    public async Task Slots_of_copies_that_are_never_published_are_used_again()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(8 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 14);
        (Volume big, byte[] bigContent) = await bed.FillAsync("big", 4096, 15);
        await bed.WarmAsync(volume, content, Blocks);
        // Half of each segment becomes garbage.
        for (int block = 0; block < Blocks; block += 16)
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(block * CacheBed.Block, content.AsMemory(0, 8 * CacheBed.Block), false));
        await bed.Engine.Manager.DestageAsync(checkpoint: true);
        // The first look at the store is for copies: from then on the journal cannot be written.
        bed.Engine.Store.BeforeOperation = _ => bed.Engine.Disk.Faults.FailWrite(1, forever: true, path: "journal");
        await Assert.ThrowsExactlyAsync<JournalFencedException>(async () => await bed.Engine.Manager.CollectGarbageAsync());
        await bed.WarmAsync(big, bigContent, 4096);
        Assert.AreEqual(bed.Cache.GetStatus().CapacityBytes, bed.Cache.GetStatus().UsedBytes);
    }

    [TestMethod]
    [DataRow(CacheMode.Location)]
    [DataRow(CacheMode.Content)]
    public async Task What_was_in_use_on_a_device_that_left_is_read_for_the_one_that_takes_its_place(CacheMode mode)
    {
        const int hot = Blocks / 2;
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20, memoryBytes: 512 << 10);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 14, new(Mode: mode));
        await ReadHotAsync();
        // What memory holds would not be read from the device.
        for (int block = hot; block < Blocks; block += 16)
            await CacheBed.ReadAsync(volume, content, block);
        for (int round = 0; round < 2; round++)
            await ReadHotAsync();
        await bed.Cache.RemoveDeviceAsync(bed.DevicePath(0));
        Assert.AreEqual(0, bed.StatusOf(volume).UsedBytes);
        await bed.Cache.AddDeviceAsync(bed.DevicePath(1), 16 << 20);
        await bed.Cache.Warming;
        Assert.IsGreaterThanOrEqualTo(hot * CacheBed.Block, bed.StatusOf(volume).UsedBytes, "what is on the new device");
        int gets = bed.Gets;
        await ReadHotAsync();
        Assert.AreEqual(gets, bed.Gets, "reads of the store after the new device was warmed up");

        async Task ReadHotAsync()
        {
            // Far enough apart that nobody takes it for a stream.
            for (int i = 0; i < hot; i++)
            {
                await CacheBed.ReadAsync(volume, content, i * 37 % hot);
                await bed.SettleAsync();
            }
        }
    }

    [TestMethod]
    public async Task Devices_are_added_and_removed_while_volumes_are_read()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(8 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", 4096, 10);
        using CancellationTokenSource stop = new();
        Task reader = Task.Run(async () =>
        {
            for (Random random = new(11); !stop.IsCancellationRequested;)
                await CacheBed.ReadAsync(volume, content, random.Next(4096));
        });
        for (int round = 0; round < 5; round++)
        {
            await bed.Cache.AddDeviceAsync(bed.DevicePath(1), 8 << 20);
            await bed.Cache.RemoveDeviceAsync(bed.DevicePath(0));
            await bed.Cache.AddDeviceAsync(bed.DevicePath(0), 8 << 20);
            await bed.Cache.RemoveDeviceAsync(bed.DevicePath(1));
        }
        await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Cache.RemoveDeviceAsync(bed.DevicePath(7)).AsTask());
        await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Cache.AddDeviceAsync(bed.DevicePath(0), 8 << 20).AsTask());
        await File.WriteAllTextAsync(bed.DevicePath(2), "something of somebody's" + new string('x', 8192));
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => bed.Cache.AddDeviceAsync(bed.DevicePath(2), 8 << 20).AsTask());
        await bed.Cache.AddDeviceAsync(bed.DevicePath(1), 4 << 20);
        await stop.CancelAsync();
        await reader;
        await bed.Engine.RestartAsync();
        Assert.AreEqual(2, bed.Cache.GetStatus().Devices.Count(device => device.Failure is null), "the added one is there after a start");
    }
}

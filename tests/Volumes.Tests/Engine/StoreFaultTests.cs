using Lunaria.Volumes.Backend;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>A store that is slow, full, failing, or silent costs nobody his data, and says so in the engine's health.</summary>
[TestClass]
public sealed class StoreFaultTests
{
    // With its header this fills a quarter of a log file, and a segment.
    private const int Piece = 7 * EngineBed.Block;

    [TestMethod]
    public void A_store_that_fails_for_a_while_gets_everything_in_the_end() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        bed.Store.FailPuts(ObjectStoreError.Retry, 7);
        await FillAsync(volume, 0, 7);
        Task destaged = bed.Manager.DestageAsync();
        await UntilAsync(() => volume.Health.State == HealthState.StoreFailing, time);
        await destaged;
        Assert.AreEqual(HealthState.Online, volume.Health.State);
        Assert.AreEqual(7 * Piece, volume.GetStatistics().MappedBytes);
        await CheckAsync(volume, 0, 7);
    });

    [TestMethod]
    public void A_bit_that_flips_on_the_way_is_read_again() => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(time: scheduler.Time);
        Volume volume = await bed.CreateAsync();
        await FillAsync(volume, 0, 7);
        await bed.Manager.DestageAsync(checkpoint: true);
        bed.Store.SpoilGets(5);
        await CheckAsync(volume, 0, 7);
        await bed.RestartAsync();
        bed.Store.SpoilGets(5);
        await CheckAsync(bed.Manager.Find(volume.Name)!, 0, 7);
    });

    [TestMethod]
    public void A_put_whose_answer_is_lost_is_recognised_as_our_own() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        bed.Store.LosePutAnswers(3);
        await FillAsync(volume, 0, 10);
        await bed.Manager.DestageAsync(checkpoint: true);
        await CheckAsync(volume, 0, 10);
        Assert.AreEqual(bed.Store.UsedBytes, bed.Manager.GetStatistics().StoredBytes);
    });

    [TestMethod]
    public void An_object_of_someone_else_is_neither_taken_nor_deleted() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        await FillAsync(volume, 0, 1);
        await bed.Manager.DestageAsync(checkpoint: true);
        string ours = bed.Store.Keys.Single();
        string next = ours.Replace("/01/", "/02/", StringComparison.Ordinal)[..^1] + "2";
        Assert.AreEqual("1", ours[^1..], "the first segment of a volume has sequence 1");
        await bed.Store.PutIfAbsentAsync(next, new byte[100], CancellationToken.None);

        await FillAsync(volume, 1, 1);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(HealthState.Online, volume.Health.State, "what was to be stored there has another name");
        CollectionAssert.Contains(bed.Store.Keys.ToArray(), next);
        Assert.AreEqual(100, (await bed.Store.HeadAsync(next, CancellationToken.None))!.LengthBytes);
        await CheckAsync(volume, 0, 2);
    });

    [TestMethod]
    public void A_put_whose_answer_is_lost_and_that_is_misread_is_put_again_under_another_name() => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(time: scheduler.Time);
        Volume volume = await bed.CreateAsync();
        bed.Store.LosePutAnswers(1);
        bed.Store.SpoilGets(1);
        await FillAsync(volume, 0, 7);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(HealthState.Online, volume.Health.State);
        await CheckAsync(volume, 0, 7);
        await bed.RestartAsync();
        await CheckAsync(bed.Manager.Find(volume.Name)!, 0, 7);
    });

    [TestMethod]
    public void A_deletion_that_reaches_the_store_late_takes_nothing_that_was_put_since() => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(time: scheduler.Time);
        Volume volume = await bed.CreateAsync();
        await FillAsync(volume, 0, 7);
        bed.Store.FailPuts(ObjectStoreError.Fatal, 1);
        await bed.Manager.DestageAsync(checkpoint: true);
        foreach (string deleted in bed.Store.Deleted)
            await bed.Store.DeleteAsync(deleted, CancellationToken.None);
        await CheckAsync(volume, 0, 7);
    });

    [TestMethod]
    public void A_full_store_takes_writes_until_the_log_is_full_and_goes_on_when_space_appears() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        bed.Store.CapacityBytes = 200 << 10;
        int written = 0;
        for (VolumeStatus status = VolumeStatus.Ok; status == VolumeStatus.Ok; written++)
        {
            status = await volume.WriteAsync((long)written * Piece, Content(written), false);
            if (status != VolumeStatus.Ok)
            {
                Assert.AreEqual(VolumeStatus.OutOfSpace, status);
                break;
            }
        }
        Assert.IsTrue(written * Piece >= 700 << 10, $"{written * Piece} bytes fit, although the log has 1 MiB");
        Assert.AreEqual(HealthState.OutOfSpace, bed.Manager.GetStatistics().Health.State);
        await CheckAsync(volume, 0, written);
        Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(60L << 20, 1 << 20), "unmaps go on");

        bed.Store.CapacityBytes = long.MaxValue;
        await bed.Manager.DestageAsync();
        Assert.AreEqual(HealthState.Online, bed.Manager.GetStatistics().Health.State);
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync((long)written * Piece, Content(written), false));
        await CheckAsync(volume, 0, written + 1);
    });

    [TestMethod]
    public void Unmapping_what_is_stored_makes_room_although_the_log_is_full() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        await FillAsync(volume, 0, 10);
        await bed.Manager.DestageAsync();
        bed.Store.CapacityBytes = bed.Store.UsedBytes;
        int written = 10;
        while (await volume.WriteAsync((long)written * Piece, Content(written), false) == VolumeStatus.Ok)
            written++;
        await UntilAsync(() => bed.Manager.GetStatistics().Health.State == HealthState.OutOfSpace, time);

        Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(0, 10L * Piece));
        bed.Store.CapacityBytes += (written - 18) * Piece + (64 << 10);
        await bed.Manager.DestageAsync(checkpoint: true);
        await CheckAsync(volume, 10, written - 10);
        Assert.AreEqual((long)(written - 10) * Piece, volume.GetStatistics().MappedBytes);
        await bed.KillAsync(new(1));
        await CheckAsync(bed.Manager.Find("v")!, 10, written - 10);
    });

    [TestMethod]
    public void A_write_that_finds_no_room_waits_its_time_and_then_is_unavailable() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        bed.Store.HoldPuts();
        int written = 0;
        TimeSpan waited;
        while (true)
        {
            TimeSpan before = time.Now;
            VolumeStatus status = await volume.WriteAsync((long)written * Piece, Content(written), false);
            waited = time.Now - before;
            if (status == VolumeStatus.Unavailable)
                break;
            Assert.AreEqual(VolumeStatus.Ok, status, "slowness is no error");
            written++;
        }
        Assert.IsTrue(waited >= TimeSpan.FromSeconds(25) && waited < TimeSpan.FromSeconds(30), $"{waited}");

        Task<VolumeStatus> patient = volume.WriteAsync((long)written * Piece, Content(written), true).AsTask();
        bed.Store.ReleasePuts();
        Assert.AreEqual(VolumeStatus.Ok, await patient);
        await CheckAsync(volume, 0, written + 1);
    });

    [TestMethod]
    public void A_read_waits_for_a_failing_store_and_then_is_unavailable() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        await FillAsync(volume, 0, 1);
        await bed.Manager.DestageAsync();
        byte[] content = new byte[Piece];
        bed.Store.FailGets(ObjectStoreError.Retry, 3);
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
        CollectionAssert.AreEqual(Content(0), content);
        bed.Store.FailGets(ObjectStoreError.Retry, 1000);
        Assert.AreEqual(VolumeStatus.Unavailable, await volume.ReadAsync(0, content));
    });

    [TestMethod]
    public void Segments_of_an_earlier_life_that_were_never_published_are_deleted() => SimScheduler.Run(async scheduler =>
    {
        await using EngineBed bed = await EngineBed.OpenAsync(time: scheduler.Time);
        Volume volume = await bed.CreateAsync();
        await FillAsync(volume, 0, 4);
        await bed.Manager.DestageAsync();
        string[] published = [.. bed.Store.Keys];
        foreach (int sequence in (int[])[0x77, 0x78])
            await bed.Store.PutIfAbsentAsync($"volumes/{volume.Uuid:d}/{sequence:x2}/{sequence:x16}", new byte[5000], CancellationToken.None);
        await bed.RestartAsync();
        await bed.Manager.DestageAsync();
        CollectionAssert.AreEqual(published, bed.Store.Keys.ToArray());
        await CheckAsync(bed.Manager.Find("v")!, 0, 4);
    });

    private static async Task FillAsync(Volume volume, int first, int count)
    {
        for (int i = first; i < first + count; i++)
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync((long)i * Piece, Content(i), false));
    }

    private static async Task CheckAsync(Volume volume, int first, int count)
    {
        byte[] content = new byte[Piece];
        for (int i = first; i < first + count; i++)
        {
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync((long)i * Piece, content));
            CollectionAssert.AreEqual(Content(i), content, $"piece {i}");
        }
    }

    private static byte[] Content(int piece)
    {
        byte[] content = new byte[Piece];
        new Random(piece).NextBytes(content);
        return content;
    }

    private static async Task UntilAsync(Func<bool> condition, ManualTime time)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.IsTrue(i < 10_000, "the state never came");
            await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        }
    }
}

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>What snapshots say of themselves, what is refused, and that taking one waits for nothing.</summary>
[TestClass]
public sealed class SnapshotTests
{
    private const int Block = EngineBed.Block;

    [TestMethod]
    public async Task Sizes_and_changed_ranges_are_what_was_written()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await WriteAsync(volume, 0, 10);
        Snapshot first = await bed.Manager.CreateSnapshotAsync(volume, "first");
        Assert.AreEqual(10 * Block, (await bed.Manager.Comparison.MeasureSnapshotAsync(first)).TotalBytes);
        await WriteAsync(volume, 5, 10);
        Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(0, 2 * Block));
        Snapshot second = await bed.Manager.CreateSnapshotAsync(volume, "second");
        await WriteAsync(volume, 12, 1);
        await bed.Manager.DestageAsync();
        Assert.AreEqual(new(10 * Block, 7 * Block, 3 * Block, 0), await bed.Manager.Comparison.MeasureSnapshotAsync(first));
        Assert.AreEqual(new(13 * Block, 1 * Block, 12 * Block, 0), await bed.Manager.Comparison.MeasureSnapshotAsync(second));
        CollectionAssert.AreEqual(
            new ChangedRange[] { new(0, 2 * Block, false), new(5 * Block, 10 * Block, true) }, (await bed.Manager.Comparison.ListChangesAsync(first, second)).ToArray());
        await bed.Manager.CloneAsync(first, "clone");
        Assert.AreEqual(0, (await bed.Manager.Comparison.MeasureSnapshotAsync(first)).ExclusiveBytes);
        long stored = bed.Store.UsedBytes;
        await bed.Manager.DeleteVolumeAsync(bed.Manager.Find("clone")!);
        await bed.Manager.DeleteSnapshotAsync(first);
        await bed.Manager.CollectGarbageAsync();
        Assert.IsLessThan(stored, bed.Store.UsedBytes);
    }

    [TestMethod]
    public async Task What_a_volume_has_grown_by_counts_among_the_changes()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        Snapshot before = await bed.Manager.CreateSnapshotAsync(volume, "before");
        await bed.Manager.ResizeVolumeAsync(volume, 8 << 20);
        await WriteAsync(volume, 1500, 1);
        Snapshot after = await bed.Manager.CreateSnapshotAsync(volume, "after");
        CollectionAssert.AreEqual(new ChangedRange[] { new(1500 * Block, Block, true) }, (await bed.Manager.Comparison.ListChangesAsync(before, after)).ToArray());
    }

    [TestMethod]
    public async Task A_clone_of_a_smaller_past_shows_nothing_of_the_origins_tail_when_it_grows()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 8 << 20);
        await WriteAsync(volume, 1500, 1);
        await bed.Manager.ResizeVolumeAsync(volume, 1 << 20, discardTail: true);
        Volume clone = await bed.Manager.CloneAsync(await bed.Manager.CreateSnapshotAsync(volume, "small"), "clone");
        await bed.RestartAsync();
        clone = bed.Manager.Find("clone")!;
        await bed.Manager.ResizeVolumeAsync(clone, 8 << 20);
        byte[] content = new byte[Block];
        Assert.AreEqual(VolumeStatus.Ok, await clone.ReadAsync(1500 * Block, content));
        Assert.AreEqual(0, content[0]);
        await bed.Manager.CloseVolumeAsync(clone);
        await RefusedAsync(() => bed.Manager.ResizeVolumeAsync(clone, 1 << 20, discardTail: true).AsTask(), "closed");
    }

    [TestMethod]
    public async Task A_snapshot_never_waits_for_the_store_and_writes_go_on()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await WriteAsync(volume, 0, 10);
        bed.Store.HoldPuts();
        Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(volume, "s").AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        await WriteAsync(volume, 3, 10);
        byte[] content = new byte[Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
        Assert.AreEqual(1, content[0]);
        Volume view = await bed.Manager.OpenSnapshotAsync(snapshot).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.AreEqual(VolumeStatus.Ok, await view.ReadAsync(11 * Block, content));
        Assert.AreEqual(0, content[0]);
        bed.Store.ReleasePuts();
        await bed.Manager.CloseSnapshotAsync(view);
    }

    [TestMethod]
    public async Task Clones_of_clones_and_a_rollback_never_wait_for_the_store_and_outlive_the_process_and_the_origin()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await WriteAsync(volume, 0, 20);
        await bed.Manager.DestageAsync();
        await WriteAsync(volume, 4, 4, 2);
        bed.Store.HoldPuts();
        Snapshot first = await bed.Manager.CreateSnapshotAsync(volume, "first");
        await WriteAsync(volume, 0, 20, 9);
        Volume clone = await bed.Manager.CloneAsync(first, "clone").AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        await WriteAsync(clone, 8, 4, 3);
        Volume second = await bed.Manager.CloneAsync(await bed.Manager.CreateSnapshotAsync(clone, "s"), "second").AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        await WriteAsync(clone, 0, 20, 9);
        await WriteAsync(second, 12, 4, 4);
        await bed.Manager.ResizeVolumeAsync(second, 2 << 20);
        await WriteAsync(second, 300, 1, 5);
        await bed.Manager.RollBackAsync(first).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        await CheckAsync();
        await bed.KillAsync(new Random(1));
        bed.Store.HoldPuts();
        await CheckAsync();
        await bed.Manager.DeleteVolumeAsync(bed.Manager.Find("clone")!, withSnapshots: true);
        await CheckAsync();
        Volume view = await bed.Manager.OpenSnapshotAsync(bed.Manager.FindSnapshot(bed.Manager.Find("v")!, "first")!);
        await bed.Manager.DeleteSnapshotAsync(bed.Manager.FindSnapshot(bed.Manager.Find("v")!, "first")!);
        await bed.KillAsync(new Random(2));
        await CheckAsync();
        await bed.Manager.DestageAsync(checkpoint: true);
        await CheckAsync();
        await bed.Manager.FlattenAsync(bed.Manager.Find("second")!);
        await bed.Manager.DeleteVolumeAsync(bed.Manager.Find("v")!);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual("1111 2222 3333 4444 1111 5", await ShowAsync("second"));

        async Task CheckAsync()
        {
            Assert.AreEqual("1111 2222 1111 1111 1111", await ShowAsync("v"));
            Assert.AreEqual("1111 2222 3333 4444 1111 5", await ShowAsync("second"));
        }

        async Task<string> ShowAsync(string name)
        {
            Volume shown = bed.Manager.Find(name)!;
            byte[] content = new byte[shown.SizeBytes];
            Assert.AreEqual(VolumeStatus.Ok, await shown.ReadAsync(0, content));
            return string.Join(' ', Enumerable.Range(0, content.Length / Block).Select(block => content[block * Block]).Where(value => value != 0)
                .Chunk(4).Select(values => string.Concat(values)));
        }
    }

    [TestMethod]
    public async Task A_clone_whose_beginning_was_lost_with_the_log_does_not_follow_its_origin()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await WriteAsync(volume, 0, 4);
        await bed.Manager.DestageAsync(checkpoint: true);
        SimDisk before = bed.Disk.Clone();
        bed.Store.HoldPuts();
        await WriteAsync(volume, 4, 4, 2);
        await bed.Manager.CloneAsync(await bed.Manager.CreateSnapshotAsync(volume, "s"), "clone");
        bed.Store.ReleasePuts();
        await bed.Manager.AbandonAsync();
        bed.Disk = before;
        await bed.StartAsync();
        volume = bed.Manager.Find("v")!;
        for (int round = 0; round < 3; round++)
        {
            await WriteAsync(volume, 0, 8, (byte)(5 + round));
            byte[] content = new byte[8 * Block];
            Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("clone")!.ReadAsync(0, content));
            Assert.AreEqual("11110000", string.Concat(Enumerable.Range(0, 8).Select(block => content[block * Block])), $"round {round}");
            if (round == 0)
                await bed.Manager.DestageAsync(checkpoint: true);
            else if (round == 1)
                await bed.RestartAsync();
            volume = bed.Manager.Find("v")!;
        }
    }

    [TestMethod]
    public async Task What_cannot_be_is_refused_with_what_stands_in_the_way()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20), other = await bed.CreateAsync("other", 1 << 20);
        Snapshot kept = await bed.Manager.CreateSnapshotAsync(volume, "kept", new() { Sticky = true, Labels = new Dictionary<string, string> { ["why"] = new('x', 5000) } });
        Assert.AreEqual(new('x', 5000), bed.Manager.FindSnapshot(volume, "kept")!.Labels["why"]);
        await RefusedAsync(() => bed.Manager.CreateSnapshotsAsync([other, volume], "kept").AsTask(), "already");
        Assert.IsEmpty(bed.Manager.ListSnapshots(other));
        await RefusedAsync(() => bed.Manager.DeleteSnapshotAsync(kept).AsTask(), "sticky");
        await RefusedAsync(() => bed.Manager.DeleteVolumeAsync(volume).AsTask(), "'kept'");
        await RefusedAsync(() => bed.Manager.DeleteVolumeAsync(volume, withSnapshots: true).AsTask(), "kept");
        await RefusedAsync(() => bed.Manager.RenameVolumeAsync(volume, "other").AsTask(), "already");
        await RefusedAsync(() => bed.Manager.CloneAsync(kept, "other").AsTask(), "already");
        await RefusedAsync(() => bed.Manager.PromoteAsync(volume).AsTask(), "no clone");
        await bed.Manager.SetTemplateAsync(volume, true);
        Assert.AreEqual(VolumeStatus.ReadOnly, await volume.WriteAsync(0, new byte[Block], durable: false));
        await RefusedAsync(() => bed.Manager.DeleteVolumeAsync(volume, withSnapshots: true).AsTask(), "template");
        await bed.RestartAsync();
        volume = bed.Manager.Find("v")!;
        Assert.IsTrue(volume.IsTemplate);
        Assert.IsFalse(volume.TryWriteBatch([0], [new byte[Block]]));
        await bed.Manager.SetTemplateAsync(volume, false);
        await WriteAsync(volume, 0, 1);
        await bed.Manager.CloseVolumeAsync(volume);
        Assert.AreEqual(VolumeStatus.Unavailable, await volume.ReadAsync(0, new byte[Block]));
        await RefusedAsync(() => bed.Manager.CreateSnapshotAsync(volume, "closed").AsTask(), "closed");
        await bed.RestartAsync();
        volume = bed.Manager.Find("v")!;
        Assert.AreEqual(HealthState.Closed, volume.Health.State);
        await bed.Manager.OpenVolumeAsync(volume);
        await WriteAsync(volume, 1, 1);
    }

    [TestMethod]
    public async Task A_promoted_clone_has_its_origins_snapshots()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await WriteAsync(volume, 0, 4);
        Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(volume, "s");
        Volume clone = await bed.Manager.CloneAsync(snapshot, "clone");
        await bed.Manager.PromoteAsync(clone);
        await bed.Manager.DeleteVolumeAsync(volume);
        await bed.RestartAsync();
        clone = bed.Manager.Find("clone")!;
        await bed.Manager.RollBackAsync(bed.Manager.FindSnapshot(clone, "s")!);
        byte[] content = new byte[Block];
        Assert.AreEqual(VolumeStatus.Ok, await clone.ReadAsync(3 * Block, content));
        Assert.AreEqual(1, content[0]);
    }

    [TestMethod]
    public async Task A_chain_of_clones_is_read_with_one_search()
    {
        const int depth = 100;
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await WriteAsync(volume, 0, 256);
        for (int i = 0; i < depth; i++)
        {
            await WriteAsync(volume, i, 1, (byte)(2 + i));
            volume = await bed.Manager.CloneAsync(await bed.Manager.CreateSnapshotAsync(volume, "s"), $"clone {i}");
        }
        await bed.RestartAsync();
        volume = bed.Manager.Find($"clone {depth - 1}")!;
        byte[] content = new byte[256 * Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
        for (int i = 0; i < 256; i++)
            Assert.AreEqual(i < depth ? 2 + i : 1, content[i * Block], $"block {i}");
    }

    private static async Task RefusedAsync(Func<Task> action, string reason) =>
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidOperationException>(action)).Message, reason, StringComparison.Ordinal);

    private static async Task WriteAsync(Volume volume, int block, int count, byte value = 1)
    {
        byte[] content = new byte[count * Block];
        Array.Fill(content, value);
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync((long)block * Block, content, durable: false));
    }
}

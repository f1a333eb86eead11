using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>Damaged bytes are an error of the blocks they belong to, never data; a log that cannot be trusted is said so.</summary>
[TestClass]
public sealed class DamageTests
{
    private static readonly byte[] BlockA = Content(1), BlockB = Content(2), BlockC = Content(3);

    [TestMethod]
    public async Task A_damaged_block_in_the_log_fails_alone_and_for_ever()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync();
        await WriteAbcAsync(volume);
        CorruptInLog(bed, BlockB);
        await CheckBlockBIsDamagedAsync(volume);
        await bed.Manager.DestageAsync();
        Assert.AreEqual(3L * EngineBed.Block, volume.GetStatistics().MappedBytes, "it went into the segment");
        await CheckBlockBIsDamagedAsync(volume);
        Assert.AreEqual(VolumeStatus.MediumError, await volume.WriteAsync(EngineBed.Block, new byte[512].Select(_ => (byte)7).ToArray(), false), "a part over damage");
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(EngineBed.Block, BlockB, false), "new content heals");
        byte[] content = new byte[3 * EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
    }

    [TestMethod]
    public async Task A_damaged_block_in_a_segment_fails_alone()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync();
        await WriteAbcAsync(volume);
        await bed.Manager.DestageAsync();
        bed.Store.Corrupt(bed.Store.Keys.Single(), bed.Store.UsedBytes - EngineBed.Block - 100);
        await CheckBlockBIsDamagedAsync(volume);
        await bed.RestartAsync();
        await CheckBlockBIsDamagedAsync(bed.Manager.Find("v")!);
    }

    [TestMethod]
    public async Task A_segment_that_is_gone_is_a_medium_error()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync();
        await WriteAbcAsync(volume);
        await bed.Manager.DestageAsync();
        await bed.Store.DeleteAsync(bed.Store.Keys.Single(), CancellationToken.None);
        byte[] content = new byte[EngineBed.Block];
        Assert.AreEqual(VolumeStatus.MediumError, await volume.ReadAsync(0, content));
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(8 * EngineBed.Block, content), "holes need no segment");
    }

    [TestMethod]
    public async Task A_failed_flush_fences_the_log_and_a_restart_serves_what_was_flushed()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync();
        await WriteAbcAsync(volume);
        Assert.AreEqual(VolumeStatus.Ok, await volume.FlushAsync());
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(8 * EngineBed.Block, BlockA, false));
        bed.Disk.Faults.FailFlush(1, path: "log-");
        Assert.AreEqual(VolumeStatus.MediumError, await volume.FlushAsync());
        Assert.AreEqual(VolumeStatus.MediumError, await volume.FlushAsync(), "a second try proves nothing");
        Assert.AreEqual(VolumeStatus.ReadOnly, await volume.WriteAsync(0, BlockC, false));
        Assert.IsFalse(volume.TryWriteBatch([0L], [BlockC]));
        Assert.AreEqual(VolumeStatus.ReadOnly, await volume.UnmapAsync(0, EngineBed.Block));
        Assert.AreEqual(HealthState.ReadOnly, volume.Health.State);
        byte[] content = new byte[EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(EngineBed.Block, content), "reads go on");
        CollectionAssert.AreEqual(BlockB, content);

        await bed.KillAsync(new(5), powerCut: true);
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.ReadAsync(EngineBed.Block, content));
        CollectionAssert.AreEqual(BlockB, content);
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.WriteAsync(0, BlockC, true));
    }

    [TestMethod]
    public async Task A_journal_that_cannot_be_written_stops_destaging_and_loses_nothing()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync();
        await WriteAbcAsync(volume);
        bed.Disk.Faults.FailWrite(1, forever: true, path: "journal");
        await Assert.ThrowsAsync<IOException>(() => bed.Manager.DestageAsync());
        Assert.AreEqual(HealthState.ReadOnly, volume.Health.State);
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(EngineBed.Block, BlockC, false), "while the log has room");
        bed.Disk.Faults.FailWrite(0);
        await bed.KillAsync(new(6));
        await bed.Manager.DestageAsync();
        byte[] content = new byte[EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.ReadAsync(EngineBed.Block, content));
        CollectionAssert.AreEqual(BlockC, content);
    }

    [TestMethod]
    public async Task A_record_that_is_damaged_although_later_ones_prove_it_was_durable_is_refused()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync();
        foreach (byte[] content in (byte[][])[BlockA, BlockB, BlockC])
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, content, durable: true));
        await bed.Manager.DisposeAsync();
        CorruptInLog(bed, BlockB);
        LogDamagedException damage = await Assert.ThrowsAsync<LogDamagedException>(bed.StartAsync);
        StringAssert.Contains(damage.Message, "log-");
        CorruptInLog(bed, BlockB);
        await bed.StartAsync();
        byte[] read = new byte[EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.ReadAsync(0, read));
        CollectionAssert.AreEqual(BlockC, read);
    }

    [TestMethod]
    public async Task A_bit_that_flips_while_the_destager_reads_the_log_harms_nothing()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync();
        await WriteAbcAsync(volume);
        bed.Disk.Faults.SpoilRead(1, path: "log-");
        await bed.Manager.DestageAsync();
        byte[] content = new byte[3 * EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
        CollectionAssert.AreEqual((byte[])[.. BlockA, .. BlockB, .. BlockC], content);
    }

    [TestMethod]
    [DataRow("log-")]
    [DataRow("journal")]
    public async Task A_bit_that_flips_while_a_start_replays_loses_nothing(string path)
    {
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { DestageIdleAge = TimeSpan.FromHours(1) });
        Volume volume = await bed.CreateAsync();
        await WriteAbcAsync(volume);
        await bed.Manager.DestageAsync();
        // Long enough that the flipped bit, in the middle of a part of the log that is read at once, is one of it.
        byte[] expected = [.. BlockC, .. BlockB, .. BlockC, .. BlockA];
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, expected, durable: true));
        for (int read = 1; read < 4; read++)
        {
            await bed.Manager.DisposeAsync();
            bed.Disk.Faults.PageCache = false;
            bed.Disk.Faults.SpoilRead(read, path: path);
            await bed.StartAsync();
            bed.Disk.Faults.SpoilRead(0);
            byte[] content = new byte[expected.Length];
            Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.ReadAsync(0, content));
            CollectionAssert.AreEqual(expected, content, $"read {read}");
        }
    }

    [TestMethod]
    public async Task Garbage_collection_reads_again_what_arrives_damaged()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { GarbageShare = 1 });
        Volume volume = await bed.CreateAsync();
        for (int i = 0; i < 16; i++)
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(i * EngineBed.Block, BlockA, false));
        await bed.Manager.DestageAsync(checkpoint: true);
        for (int i = 0; i < 15; i += i % 7 == 5 ? 2 : 1)
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(i * EngineBed.Block, BlockB, false));
        await bed.Manager.DestageAsync(checkpoint: true);
        bed.Store.SpoilGets(2);
        await bed.Manager.CollectGarbageAsync();
        Assert.IsGreaterThan(0, bed.Manager.CollectedBytes);
    }

    [TestMethod]
    public async Task A_read_under_way_when_a_view_closes_or_a_line_is_left_shows_nothing()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        await WriteAbcAsync(volume);
        Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(volume, "s");
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, BlockB, false));
        Volume view = await bed.Manager.OpenSnapshotAsync(snapshot);
        // What a read holds that has passed the volume's own look.
        Access.BlockReader ofView = view.Line.Reader, ofLine = volume.Line.Reader;
        await bed.Manager.CloseSnapshotAsync(view);
        byte[] content = new byte[EngineBed.Block];
        Assert.IsFalse(ofView.TryRead(0, content));
        Assert.AreEqual(VolumeStatus.Unavailable, await ofView.ReadAsync(0, content));
        await bed.Manager.RollBackAsync(snapshot);
        Assert.IsFalse(ofLine.TryRead(0, content));
        Assert.AreEqual(VolumeStatus.Unavailable, await ofLine.ReadAsync(0, content));
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(VolumeStatus.Unavailable, await ofLine.ReadAsync(0, content));
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
        CollectionAssert.AreEqual(BlockA, content);
    }

    private static async Task WriteAbcAsync(Volume volume)
    {
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, (byte[])[.. BlockA, .. BlockB, .. BlockC], false));
    }

    private static async Task CheckBlockBIsDamagedAsync(Volume volume)
    {
        byte[] content = new byte[EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
        CollectionAssert.AreEqual(BlockA, content);
        Assert.IsFalse(volume.TryRead(EngineBed.Block, content));
        Assert.AreEqual(VolumeStatus.MediumError, await volume.ReadAsync(EngineBed.Block, content));
        Assert.AreEqual(VolumeStatus.MediumError, await volume.ReadAsync(EngineBed.Block + 512, content.AsMemory(0, 512)));
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(2 * EngineBed.Block, content));
        CollectionAssert.AreEqual(BlockC, content);
    }

    /// <summary>Flips a bit of a block, wherever it lies in the log's files; doing it again heals it.</summary>
    private static void CorruptInLog(EngineBed bed, byte[] block)
    {
        foreach (string name in bed.Disk.List("").Where(name => name.StartsWith("log-", StringComparison.Ordinal)))
        {
            using var file = bed.Disk.Open(name, create: false);
            byte[] found = new byte[EngineBed.Block];
            for (long at = 0; at + EngineBed.Block <= file.LengthBytes; at += EngineBed.Block)
            {
                Assert.IsTrue(file.TryRead(at, found));
                if (!found.AsSpan(1000).SequenceEqual(block.AsSpan(1000)))
                    continue;
                bed.Disk.Corrupt(name, at + 100, 1);
                return;
            }
        }
        Assert.Fail("the block is not in the log");
    }

    private static byte[] Content(int seed)
    {
        byte[] content = new byte[EngineBed.Block];
        new Random(seed).NextBytes(content);
        return content;
    }
}

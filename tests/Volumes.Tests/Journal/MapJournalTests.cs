using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Tests.Map;

namespace Lunaria.Volumes.Tests.Journal;

/// <summary>The map journal: what was appended comes back, a torn tail ends it, damage in the middle is refused.</summary>
[TestClass]
public sealed class MapJournalTests
{
    private const string Folder = "journal";

    private static PublishFrame Frame(ulong number, int blocks = 3) => new(
        new LogPosition(number << 12, (uint)number * 7),
        [new(new((uint)number), 1, MapHarness.Header(0, number, Enumerable.Range(0, blocks).Select(i => (number * 10000) + ((ulong)i * 2))))],
        [new(1, new(number, number + 1)), new(2, new(0, 1UL << 40))])
    {
        Shares = [new(3, new(number, 5), (uint)number, new(new(7), 65000))],
    };

    private static async Task<(MapJournal Journal, List<PublishFrame> Frames)> OpenAsync(IDisk disk, ulong from = 1, int fileBytes = 64 << 20)
    {
        var frames = new List<PublishFrame>();
        MapJournal journal = await MapJournal.OpenAsync(disk, Folder, MapHarness.Pool, from, Keep, fileBytes);
        return (journal, frames);

        ValueTask Keep(PublishFrame frame)
        {
            frames.Add(frame);
            return ValueTask.CompletedTask;
        }
    }

    private static async Task<SimDisk> WrittenAsync(int frames, int fileBytes = 64 << 20)
    {
        var disk = new SimDisk();
        (MapJournal journal, _) = await OpenAsync(disk, fileBytes: fileBytes);
        for (int i = 1; i <= frames; i++)
            Assert.AreEqual((ulong)i, await journal.AppendAsync(Frame((ulong)i)));
        journal.Dispose();
        return disk;
    }

    private static void AssertSame(PublishFrame wanted, PublishFrame found)
    {
        Assert.AreEqual(wanted.Published, found.Published);
        CollectionAssert.AreEqual(wanted.Trims.ToArray(), found.Trims.ToArray());
        CollectionAssert.AreEqual(wanted.Shares.ToArray(), found.Shares.ToArray());
        Assert.HasCount(wanted.Segments.Count, found.Segments);
        foreach ((PublishedSegment a, PublishedSegment b) in wanted.Segments.Zip(found.Segments))
        {
            Assert.AreEqual((a.Id, a.Volume, a.Header.Sequence), (b.Id, b.Volume, b.Header.Sequence));
            CollectionAssert.AreEqual(a.Header.Extents, b.Header.Extents);
        }
    }

    [TestMethod]
    public async Task Appended_frames_come_back_after_a_loss_of_power()
    {
        SimDisk disk = (await WrittenAsync(20, fileBytes: 20000)).PowerCut(new Random(1));
        (MapJournal journal, List<PublishFrame> frames) = await OpenAsync(disk);
        Assert.HasCount(20, frames);
        for (int i = 0; i < 20; i++)
        {
            AssertSame(Frame((ulong)i + 1), frames[i]);
            Assert.AreEqual((ulong)i + 1, frames[i].Sequence);
        }
        Assert.AreEqual(21UL, journal.NextSequence);
        Assert.IsGreaterThan(4, disk.List(Folder).Count);
    }

    [TestMethod]
    public async Task Replay_begins_at_the_frame_of_the_checkpoint()
    {
        (MapJournal journal, List<PublishFrame> frames) = await OpenAsync(await WrittenAsync(20, fileBytes: 20000), from: 13);
        CollectionAssert.AreEqual(Enumerable.Range(13, 8).Select(i => (ulong)i).ToArray(), frames.Select(frame => frame.Sequence).ToArray());
        Assert.AreEqual(8 * 8192, journal.LengthBytes);
    }

    [TestMethod]
    public async Task Trim_deletes_what_the_checkpoint_has_and_nothing_else()
    {
        SimDisk disk = await WrittenAsync(20, fileBytes: 20000);
        (MapJournal journal, _) = await OpenAsync(disk);
        await journal.TrimAsync(10);
        (journal, List<PublishFrame> frames) = await OpenAsync(disk.PowerCut(new Random(2)), from: 10);
        Assert.HasCount(11, frames);
        await Assert.ThrowsExactlyAsync<JournalDamagedException>(() => OpenAsync(disk, from: 1));
        await journal.AppendAsync(Frame(21));
        await journal.TrimAsync(journal.NextSequence);
        Assert.AreEqual(0, journal.LengthBytes);
    }

    [TestMethod]
    public async Task A_journal_trimmed_to_its_end_goes_on()
    {
        SimDisk disk = await WrittenAsync(5);
        (MapJournal journal, _) = await OpenAsync(disk);
        await journal.AppendAsync(Frame(6));
        await journal.TrimAsync(7);
        Assert.HasCount(1, disk.List(Folder));
        journal.Dispose();
        (journal, List<PublishFrame> frames) = await OpenAsync(disk.PowerCut(new Random(3)), from: 7);
        Assert.IsEmpty(frames);
        Assert.AreEqual(7UL, await journal.AppendAsync(Frame(7)));
    }

    [TestMethod]
    public async Task A_loss_of_power_at_any_write_leaves_a_prefix()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            var disk = new SimDisk();
            ulong durable = 0, next = 1;
            for (int life = 0; life < 4; life++)
            {
                (MapJournal journal, List<PublishFrame> frames) = await OpenAsync(disk, fileBytes: 30000);
                Assert.IsGreaterThanOrEqualTo(durable, (ulong)frames.Count, $"LUNARIA_SEED={seed}");
                Assert.IsLessThan(next + 1, (ulong)frames.Count + 1, $"LUNARIA_SEED={seed}");
                for (int i = 0; i < frames.Count; i++)
                    AssertSame(Frame((ulong)i + 1), frames[i]);
                durable = (ulong)frames.Count;
                int count = random.Next(8);
                for (int i = 0; i < count; i++)
                    durable = await journal.AppendAsync(Frame(durable + 1));
                next = durable + 2;
                disk.Faults.FlushGate.Close();
                ValueTask<ulong> last = journal.AppendAsync(Frame(durable + 1));
                SimDisk after = disk.PowerCut(random);
                disk.Faults.FlushGate.Open();
                await last;
                journal.Dispose();
                disk = after;
            }
        }
    }

    [TestMethod]
    public async Task Damage_in_front_of_a_whole_frame_is_refused()
    {
        for (long offset = 0; offset < 8192; offset += 97)
        {
            SimDisk disk = await WrittenAsync(4);
            disk.Corrupt($"{Folder}/map-0000000000000001.journal", 8192 + offset, 0x10);
            JournalDamagedException damage = await Assert.ThrowsExactlyAsync<JournalDamagedException>(() => OpenAsync(disk));
            StringAssert.Contains(damage.Message, "frame 2", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public async Task Damage_of_the_last_frame_before_the_checkpoint_is_refused()
    {
        SimDisk disk = await WrittenAsync(4);
        disk.Corrupt($"{Folder}/map-0000000000000001.journal", 3 * 8192, 0x10);
        (_, List<PublishFrame> frames) = await OpenAsync(disk.Clone(), from: 1);
        Assert.HasCount(3, frames);
        await Assert.ThrowsExactlyAsync<JournalDamagedException>(() => OpenAsync(disk, from: 5));
    }

    [TestMethod]
    public async Task A_missing_file_is_refused()
    {
        SimDisk disk = await WrittenAsync(20, fileBytes: 20000);
        disk.Delete($"{Folder}/{disk.List(Folder)[2]}");
        await Assert.ThrowsExactlyAsync<JournalDamagedException>(() => OpenAsync(disk));
        await Assert.ThrowsExactlyAsync<JournalDamagedException>(() => OpenAsync(new SimDisk(), from: 2));
    }

    [TestMethod]
    public async Task The_journal_of_another_pool_is_refused()
    {
        SimDisk disk = await WrittenAsync(1);
        await Assert.ThrowsExactlyAsync<JournalDamagedException>(
            () => MapJournal.OpenAsync(disk, Folder, Guid.NewGuid(), 1, _ => ValueTask.CompletedTask).AsTask());
    }

    [TestMethod]
    public async Task A_failed_flush_fences_for_ever()
    {
        var disk = new SimDisk();
        (MapJournal journal, _) = await OpenAsync(disk);
        disk.Faults.FailFlush(1);
        await Assert.ThrowsExactlyAsync<JournalFencedException>(() => journal.AppendAsync(Frame(1)).AsTask());
        Assert.IsTrue(journal.IsFenced);
        await Assert.ThrowsExactlyAsync<JournalFencedException>(() => journal.AppendAsync(Frame(1)).AsTask());
        await Assert.ThrowsExactlyAsync<JournalFencedException>(() => journal.TrimAsync(1).AsTask());
    }

    [TestMethod]
    public async Task A_full_disk_refuses_a_frame_and_takes_it_later()
    {
        var disk = new SimDisk();
        (MapJournal journal, _) = await OpenAsync(disk);
        await journal.AppendAsync(Frame(1));
        disk.Faults.CapacityBytes = 12000;
        await Assert.ThrowsExactlyAsync<DiskFullException>(() => journal.AppendAsync(Frame(2)).AsTask());
        Assert.IsFalse(journal.IsFenced);
        disk.Faults.CapacityBytes = long.MaxValue;
        Assert.AreEqual(2UL, await journal.AppendAsync(Frame(2)));
        (_, List<PublishFrame> frames) = await OpenAsync(disk.PowerCut(new Random(4)));
        Assert.HasCount(2, frames);
    }

    [TestMethod]
    public async Task Dying_at_any_flush_of_appends_trims_and_openings_loses_nothing_a_checkpoint_lacks()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        for (int round = 0; round < 40; round++)
        {
            var disk = new SimDisk();
            ulong checkpoint = 1, durable = 0;
            for (int life = 0; life < 8; life++)
            {
                disk.Faults.FailFlush(random.Next(1, 20));
                try
                {
                    (MapJournal journal, List<PublishFrame> frames) = await OpenAsync(disk, checkpoint, fileBytes: 30000);
                    Assert.AreEqual(checkpoint, frames.Count > 0 ? frames[0].Sequence : journal.NextSequence, $"LUNARIA_SEED={seed}");
                    Assert.IsGreaterThanOrEqualTo(durable + 1, journal.NextSequence, $"LUNARIA_SEED={seed}");
                    Assert.IsLessThanOrEqualTo(durable + 2, journal.NextSequence, $"LUNARIA_SEED={seed}");
                    durable = journal.NextSequence - 1;
                    while (true)
                    {
                        if (random.Next(4) > 0)
                        {
                            durable = await journal.AppendAsync(Frame(durable + 1));
                            continue;
                        }
                        checkpoint = (ulong)random.NextInt64((long)checkpoint, (long)durable + 2);
                        await journal.TrimAsync(checkpoint);
                    }
                }
                catch (IOException failure) when (failure is not JournalDamagedException)
                {
                    disk = disk.PowerCut(random);
                }
            }
        }
    }
}

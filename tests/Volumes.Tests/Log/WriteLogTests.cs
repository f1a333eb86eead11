using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Log;

[TestClass]
public sealed class WriteLogTests
{
    [TestMethod]
    public async Task What_was_appended_is_read_and_replayed_in_order()
    {
        SimDisk disk = new();
        (WriteLog log, List<KeptRecord> none) = await LogTestBed.OpenAsync(disk);
        Assert.IsEmpty(none);
        List<KeptRecord> appended = [];
        for (int i = 0; i < 20; i++)
            appended.Add(LogTestBed.Append(log, (i % 4) + 1, (uint)i, (ulong)i << 33, fill: i));
        LogExtent[] mixed =
        [
            new(1, LogExtentKind.Trim, 5, ulong.MaxValue), new(2, LogExtentKind.Zero, 9, 3), new(uint.MaxValue, LogExtentKind.Marker, ulong.MaxValue, 0),
        ];
        Assert.IsTrue(log.TryAppend(mixed, [], [], out LogAppended marker));
        appended.Add(new(marker.RecordLsn, marker.PayloadLsn, marker.End, mixed, []));
        Assert.AreEqual(log.Position, marker.End);

        byte[] block = new byte[2 * LogTestBed.Block];
        Assert.IsTrue(log.TryRead(appended[3].PayloadLsn + LogTestBed.Block, block));
        CollectionAssert.AreEqual(LogTestBed.Payload(4, 3)[LogTestBed.Block..(3 * LogTestBed.Block)], block);
        disk.Faults.PageCache = false;
        Assert.IsFalse(log.TryRead(appended[7].PayloadLsn, block));
        await log.ReadAsync(appended[7].PayloadLsn, block);
        CollectionAssert.AreEqual(LogTestBed.Payload(4, 7)[..block.Length], block);
        await log.DisposeAsync();

        (log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk.Clone());
        AssertSame(appended, replayed);
        Assert.AreEqual(marker.End, log.Position);
        await log.DisposeAsync();
        (log, replayed) = await LogTestBed.OpenAsync(disk.Clone(), appended[11].End);
        AssertSame(appended[12..], replayed);
        Assert.AreEqual(appended[11].End.Lsn, log.ReclaimedLsn);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task The_ring_turns_many_times_and_positions_never_repeat()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        Queue<KeptRecord> live = [];
        LogPosition reclaimed = LogPosition.Start;
        HashSet<ulong> positions = [];
        for (int i = 0; log.NextLsn < 10 * log.CapacityBytes; i++)
        {
            if (LogTestBed.TryAppend(log, (i % 7) + 1, fill: i) is { } record)
            {
                Assert.IsTrue(positions.Add(record.RecordLsn));
                live.Enqueue(record);
                continue;
            }
            Assert.IsGreaterThan(log.CapacityBytes * 9 / 10 - 65536, log.UsedBytes, "full too early");
            for (int n = (i % 9) + 1; n > 0 && live.TryDequeue(out KeptRecord? oldest); n--)
                reclaimed = oldest.End;
            log.Reclaim(reclaimed);
            Assert.IsTrue(log.IsReclaimed(reclaimed.Lsn - 1));
            Assert.IsFalse(log.IsReclaimed(reclaimed.Lsn));
        }
        await log.DisposeAsync();
        (log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk, reclaimed);
        AssertSame([.. live], replayed);
        await log.DisposeAsync();
    }

    /// <summary>Behind the end of a file there may be what no record covers again: rests that are too short for one are passed over.</summary>
    [TestMethod]
    public async Task What_was_given_back_is_overwritten_beside_appends()
    {
        int seed = Seed.One();
        Random random = new(seed);
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        byte[] word = "what is to be gone"u8.ToArray();
        LogPosition end = LogPosition.Start;
        for (int i = 0; log.NextLsn < 3 * log.CapacityBytes; i++)
        {
            byte[] payload = LogTestBed.Payload(random.Next(1, 9), i);
            for (int at = 0; at < payload.Length; at += LogTestBed.Block)
                word.CopyTo(payload, at + 100);
            Assert.IsTrue(log.TryAppend([new(1, LogExtentKind.Data, 0, (ulong)payload.Length / LogTestBed.Block)], [payload], LogTestBed.Crcs(payload), out LogAppended appended));
            end = appended.End;
            if (log.UsedBytes > log.CapacityBytes / 2)
                log.Reclaim(end);
        }

        int asked = 0;
        List<KeptRecord> live = [];
        Task erase = log.EraseGivenBackAsync(() =>
        {
            asked++;
            log.Reclaim(end);
            return Task.CompletedTask;
        }, CancellationToken.None).AsTask();
        while (!erase.IsCompleted)
        {
            if (LogTestBed.TryAppend(log, random.Next(1, 9), fill: live.Count) is { } record)
                live.Add(record);
            else
                await Task.Yield();
        }
        await erase;
        Assert.IsLessThanOrEqualTo(1, asked, $"seed {seed}");
        foreach (string name in disk.List("").Where(name => name.StartsWith("log-", StringComparison.Ordinal)))
        {
            using IDiskFile file = disk.Open(name, create: false);
            byte[] content = new byte[file.LengthBytes];
            await file.ReadAsync(0, content);
            Assert.AreEqual(-1, content.AsSpan().IndexOf(word), $"seed {seed}");
        }
        await log.FlushAsync();
        await log.DisposeAsync();
        (log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk.PowerCut(random), end);
        AssertSame(live, replayed);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task A_full_log_still_takes_trims()
    {
        (WriteLog log, _) = await LogTestBed.OpenAsync(new SimDisk());
        while (LogTestBed.TryAppend(log, 1) is not null)
        {
        }
        Assert.IsTrue(log.TryAppend([new(1, LogExtentKind.Trim, 0, 1)], [], [], out _));
        int trims = 1;
        while (log.TryAppend([new(1, LogExtentKind.Trim, 0, 1)], [], [], out _))
            trims++;
        Assert.IsLessThanOrEqualTo(4, trims);
        Assert.IsLessThanOrEqualTo(log.CapacityBytes, log.UsedBytes);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task Who_waits_for_room_gets_it_in_order()
    {
        (WriteLog log, _) = await LogTestBed.OpenAsync(new SimDisk());
        KeptRecord first = LogTestBed.Append(log, 1), last = first;
        while (LogTestBed.TryAppend(log, 8) is { } record)
            last = record;
        Task big = log.WaitForRoomAsync(16, 1, CancellationToken.None).AsTask(), small = log.WaitForRoomAsync(1, 1, CancellationToken.None).AsTask();
        using CancellationTokenSource cancellation = new();
        Task given = log.WaitForRoomAsync(1, 1, cancellation.Token).AsTask();
        log.Reclaim(first.End);
        Assert.IsNull(LogTestBed.TryAppend(log, 1), "one who did not wait went past those who do");
        Assert.IsFalse(big.IsCompleted || small.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => given);
        log.Reclaim(last.End);
        await Task.WhenAll(big, small).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.IsNotNull(LogTestBed.TryAppend(log, 1));
        Assert.IsTrue(log.WaitForRoomAsync(16, 1, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        while (LogTestBed.TryAppend(log, 8) is not null)
        {
        }
        Task disposed = log.WaitForRoomAsync(16, 1, CancellationToken.None).AsTask();
        await log.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => disposed);
        Assert.Throws<ObjectDisposedException>(() => LogTestBed.TryAppend(log, 1));
    }

    [TestMethod]
    public async Task Records_that_contradict_themselves_are_refused()
    {
        (WriteLog log, _) = await LogTestBed.OpenAsync(new SimDisk());
        byte[] block = new byte[LogTestBed.Block];
        LogExtent one = new(1, LogExtentKind.Data, 0, 1);
        Assert.Throws<ArgumentException>(() => log.TryAppend([], [], [], out _));
        Assert.Throws<ArgumentException>(() => log.TryAppend([one], [block], [], out _));
        Assert.Throws<ArgumentException>(() => log.TryAppend([one], [], [1], out _));
        Assert.Throws<ArgumentException>(() => log.TryAppend([one], [block.AsMemory(1)], [1], out _));
        Assert.Throws<ArgumentException>(() => log.TryAppend([one with { Kind = LogExtentKind.Trim }], [block], [1], out _));
        Assert.Throws<ArgumentException>(() => LogTestBed.TryAppend(log, 64), "more than a file");
        Assert.AreEqual(0UL, log.NextLsn);
        await log.DisposeAsync();
    }

    internal static void AssertSame(IReadOnlyList<KeptRecord> expected, IReadOnlyList<KeptRecord> actual, string message = "")
    {
        for (int i = 0; i < Math.Min(expected.Count, actual.Count); i++)
            expected[i].AssertSame(actual[i], $"record {i} {message}");
        Assert.HasCount(expected.Count, actual, message);
    }
}

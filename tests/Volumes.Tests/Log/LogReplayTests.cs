using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Log;

/// <summary>Where a log ends: logs that are cut, damaged, or full of records that were valid once.</summary>
[TestClass]
public sealed class LogReplayTests
{
    private const int Block = LogTestBed.Block;

    [TestMethod]
    public async Task A_log_cut_at_any_page_replays_what_is_before()
    {
        SimDisk disk = new();
        List<KeptRecord> records = await WriteAsync(disk, [1, 3, 1, 2, 5, 1]);
        byte[] zeros = new byte[Block];
        for (ulong cut = 0; cut < records[^1].End.Lsn; cut += Block)
        {
            SimDisk left = disk.Clone();
            for (ulong lsn = cut; lsn < records[^1].End.Lsn; lsn += Block)
                WriteAt(left, lsn, zeros);
            await AssertReplaysAsync(left, records.Where(record => record.End.Lsn <= cut), $"cut at {cut}");
        }
    }

    [TestMethod]
    public async Task A_damaged_page_ends_the_log_before_its_record()
    {
        SimDisk disk = new();
        List<KeptRecord> records = await WriteAsync(disk, [1, 3, 1]);
        for (ulong lsn = 0; lsn < records[^1].End.Lsn; lsn += 512)
        {
            SimDisk left = disk.Clone();
            (string path, long offset) = LogTestBed.Locate(left, lsn);
            left.Corrupt(path, offset + (long)(lsn / 512 % 509), 0x10);
            await AssertReplaysAsync(left, records.Where(record => record.End.Lsn <= lsn), $"damage at {lsn}");
        }
    }

    [TestMethod]
    public async Task A_bit_that_flips_on_the_way_ends_no_log()
    {
        SimDisk disk = new();
        List<KeptRecord> records = await WriteAsync(disk, [8, 8, 8, 8, 8, 8]);
        for (int n = 1; n <= 12; n++)
        {
            SimDisk left = disk.Clone();
            left.Faults.SpoilRead(n, path: "log-");
            (WriteLog log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(left);
            await log.DisposeAsync();
            WriteLogTests.AssertSame(records, replayed);
        }
    }

    [TestMethod]
    public async Task A_record_of_an_earlier_life_right_behind_the_end_is_never_accepted()
    {
        SimDisk disk = new();
        List<KeptRecord> first = await WriteAsync(disk, [1, 2, 1, 1]);
        byte[] stale = ReadAt(disk, first[2].RecordLsn, 2 * Block);
        // The loss of power took the second record; the third and fourth are whole, at the positions where the next life will go on.
        (string path, long offset) = LogTestBed.Locate(disk, first[1].RecordLsn);
        disk.Corrupt(path, offset + 300, 1);
        (WriteLog log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk);
        WriteLogTests.AssertSame(first[..1], replayed);
        KeptRecord second = LogTestBed.Append(log, 2, fill: 99);
        Assert.AreEqual(first[2].RecordLsn, second.End.Lsn);
        await log.DisposeAsync();
        CollectionAssert.AreEqual(stale, ReadAt(disk, first[2].RecordLsn, 2 * Block), "the stale record is still there");
        await AssertReplaysAsync(disk, [first[0], second], "by its chain");
        // Behind a publish the life of the record before is not known.
        await AssertReplaysAsync(disk, [], "by the chain of the publish", second.End);

        // Even if the two headers had the same CRC, the life gives it away.
        Recraft(disk, first[2].RecordLsn, header => header with { ChainCrc = second.End.ChainCrc });
        await AssertReplaysAsync(disk, [first[0], second], "by its life");
    }

    [TestMethod]
    public async Task A_record_of_an_earlier_lap_right_behind_the_end_is_never_accepted()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        List<KeptRecord> records = [];
        // Records of 8 pages fill files without pads, so each lies exactly where one of the lap before was.
        while (log.NextLsn < log.CapacityBytes + (40 * Block))
        {
            records.Add(LogTestBed.Append(log, 7, fill: records.Count));
            if (records.Count > 4)
                log.Reclaim(records[^4].End);
        }
        LogPosition start = records[^4].End;
        ulong capacity = log.CapacityBytes;
        await log.DisposeAsync();
        await AssertReplaysAsync(disk, records[^3..], "as it is", start);

        Recraft(disk, records[^1].End.Lsn, header =>
        {
            Assert.AreEqual(records[^1].End.Lsn - capacity, header.Lsn);
            return header with { ChainCrc = records[^1].End.ChainCrc };
        });
        await AssertReplaysAsync(disk, records[^3..], "by its position", start);
    }

    [TestMethod]
    public async Task A_full_ring_ends_where_it_began()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        List<KeptRecord> records = [];
        while (LogTestBed.TryAppend(log, 7, fill: records.Count) is { } record)
            records.Add(record);
        while (log.TryAppend([new(1, LogExtentKind.Trim, 0, 1)], [], [], out _))
        {
        }
        Assert.AreEqual(log.CapacityBytes, log.UsedBytes);
        LogPosition end = log.Position;
        await log.DisposeAsync();
        (log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk);
        WriteLogTests.AssertSame(records, replayed[..records.Count]);
        Assert.AreEqual(end, log.Position);
        Assert.IsFalse(log.TryAppend([new(1, LogExtentKind.Trim, 0, 1)], [], [], out _));
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task Damage_below_what_was_durable_is_not_taken_for_a_torn_end()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        List<KeptRecord> records = [LogTestBed.Append(log, 1), LogTestBed.Append(log, 3)];
        await log.FlushAsync();
        records.Add(LogTestBed.Append(log, 1));
        await log.DisposeAsync();
        (string path, long offset) = LogTestBed.Locate(disk, records[1].PayloadLsn);
        disk.Corrupt(path, offset, 1);
        LogDamagedException e = await Assert.ThrowsAsync<LogDamagedException>(() => LogTestBed.OpenAsync(disk.Clone()));
        Assert.Contains(path, e.Message);
        (log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk, options: LogTestBed.Small with { DiscardDamagedTail = true });
        WriteLogTests.AssertSame(records[..1], replayed);
        records[1] = LogTestBed.Append(log, 3, fill: 5);
        await log.DisposeAsync();
        await AssertReplaysAsync(disk, records[..2], "after the damage was given up");
    }

    [TestMethod]
    public async Task A_failing_read_is_no_end()
    {
        SimDisk disk = new();
        await WriteAsync(disk, [1, 1]);
        disk.Faults.FailRead(2, forever: true);
        await Assert.ThrowsAsync<IOException>(() => LogTestBed.OpenAsync(disk));
    }

    [TestMethod]
    public async Task What_the_visitor_throws_ends_the_open()
    {
        SimDisk disk = new();
        await WriteAsync(disk, [1, 1]);
        await Assert.ThrowsAsync<InvalidDataException>(async () => await WriteLog.OpenAsync(
            disk, LogTestBed.Small, default, _ => throw new InvalidDataException(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, default));
    }

    private static async Task<List<KeptRecord>> WriteAsync(SimDisk disk, int[] lengths)
    {
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        List<KeptRecord> records = [.. lengths.Select((blocks, i) => LogTestBed.Append(log, blocks, fill: i))];
        await log.DisposeAsync();
        return records;
    }

    private static async Task AssertReplaysAsync(SimDisk disk, IEnumerable<KeptRecord> expected, string message, LogPosition start = default)
    {
        (WriteLog log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk.Clone(), start);
        WriteLogTests.AssertSame([.. expected], replayed, message);
        await log.DisposeAsync();
    }

    private static byte[] ReadAt(SimDisk disk, ulong lsn, int count)
    {
        (string path, long offset) = LogTestBed.Locate(disk, lsn);
        using IDiskFile file = disk.Open(path, create: false);
        byte[] bytes = new byte[count];
        Assert.IsTrue(file.TryRead(offset, bytes));
        return bytes;
    }

    private static void WriteAt(SimDisk disk, ulong lsn, byte[] bytes)
    {
        (string path, long offset) = LogTestBed.Locate(disk, lsn);
        using IDiskFile file = disk.Open(path, create: false);
        file.Write(offset, bytes);
    }

    /// <summary>Changes the header at a position and gives it a right CRC.</summary>
    private static void Recraft(SimDisk disk, ulong lsn, Func<LogHeader, LogHeader> change)
    {
        byte[] page = ReadAt(disk, lsn, Block);
        Guid logId = new(page.AsSpan(16, 16), bigEndian: true);
        Assert.IsTrue(LogHeader.TryReadFixed(page, logId, out LogHeader header) && LogHeader.HasValidCrc(page, out _));
        LogExtent[] extents = new LogExtent[WriteLog.MaxExtents];
        uint[] crcs = new uint[WriteLog.MaxPayloadBlocks];
        Assert.IsTrue(header.TryReadLists(page, extents, crcs));
        change(header).Write(page, logId, extents.AsSpan(0, header.ExtentCount), crcs.AsSpan(0, header.BlockCount));
        WriteAt(disk, lsn, page);
    }
}

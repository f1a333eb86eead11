using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Log;

/// <summary>Writes and flushes that fail: the log is fenced, or nothing happened.</summary>
[TestClass]
public sealed class WriteLogFailureTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [TestMethod]
    public async Task A_failed_flush_fences_for_ever()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        KeptRecord kept = LogTestBed.Append(log, 1, fill: 7);
        await log.FlushAsync();
        KeptRecord last = kept;
        while (LogTestBed.TryAppend(log, 8) is { } record)
            last = record;
        Task waiting = log.WaitForRoomAsync(8, 1, CancellationToken.None).AsTask();
        disk.Faults.FailFlush(1);
        LogFencedException e = await Assert.ThrowsAsync<LogFencedException>(async () => await log.FlushAsync());
        Assert.Contains("Injected", e.Message);
        Assert.IsTrue(log.IsFenced);
        await Assert.ThrowsAsync<LogFencedException>(() => waiting.WaitAsync(Limit));
        Assert.Throws<LogFencedException>(() => LogTestBed.TryAppend(log, 1));
        await Assert.ThrowsAsync<LogFencedException>(async () => await log.FlushAsync());
        Assert.Throws<LogFencedException>(() => log.WaitForRoomAsync(8, 1, CancellationToken.None).AsTask());
        Assert.AreEqual(kept.End.Lsn, log.FlushedLsn);

        byte[] read = new byte[LogTestBed.Block];
        Assert.IsTrue(log.TryRead(kept.PayloadLsn, read), "what was written can be read");
        CollectionAssert.AreEqual(LogTestBed.Payload(1, 7), read);
        await log.DisposeAsync();
        (log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk);
        Assert.AreEqual(last.End, replayed[^1].End);
        LogTestBed.TryAppend(log, 1);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task A_flush_that_nobody_waits_for_fences_too()
    {
        SimDisk disk = new();
        WriteLogOptions options = new() { FileBytes = 16 << 20, SizeBytes = 64 << 20 };
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk, options: options);
        disk.Faults.FailFlush(1);
        Assert.Throws<LogFencedException>(() =>
        {
            for (int i = 0; i < 15; i++)
                LogTestBed.Append(log, 1000);
        });
        Assert.IsTrue(log.IsFenced);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task A_failed_write_fences_and_leaves_a_prefix()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        KeptRecord kept = LogTestBed.Append(log, 2);
        disk.Faults.FailWrite(1, partialBytes: 6000);
        Assert.Throws<LogFencedException>(() => LogTestBed.Append(log, 2));
        Assert.AreEqual(kept.End, log.Position);
        await log.DisposeAsync();
        (log, List<KeptRecord> replayed) = await LogTestBed.OpenAsync(disk);
        WriteLogTests.AssertSame([kept], replayed);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task A_full_file_system_changes_nothing_and_may_get_better()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        KeptRecord first = LogTestBed.Append(log, 2);
        // Reserved space is never refused; a file system that cannot reserve is a file without its reservation.
        using (IDiskFile file = disk.Open(LogTestBed.Locate(disk, 0).Path, create: false))
        {
            file.SetLength(0);
            file.SetLength(LogTestBed.Small.FileBytes);
        }
        disk.Faults.CapacityBytes = 3 * LogTestBed.Small.FileBytes;
        Assert.Throws<DiskFullException>(() => LogTestBed.Append(log, 2));
        Assert.IsFalse(log.IsFenced);
        Assert.AreEqual(first.End, log.Position);
        disk.Faults.CapacityBytes = long.MaxValue;
        Assert.AreEqual(first.End.Lsn, LogTestBed.Append(log, 2).RecordLsn);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task Flushes_that_meet_are_one_and_cover_only_what_was_before_them()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        LogTestBed.Append(log, 1);
        disk.Faults.FlushGate.Close();
        Task first = log.FlushAsync().AsTask();
        await disk.Faults.FlushGate.WaitForArrivalAsync().WaitAsync(Limit);
        KeptRecord second = LogTestBed.Append(log, 1, fill: 2);
        Task[] others = [.. Enumerable.Range(0, 10).Select(_ => log.FlushAsync().AsTask())];
        long flushes = disk.Faults.Flushes;
        disk.Faults.FlushGate.Open();
        await Task.WhenAll([first, .. others]).WaitAsync(Limit);
        Assert.AreEqual(flushes + 1, disk.Faults.Flushes);
        Assert.AreEqual(second.End.Lsn, log.FlushedLsn);
        Assert.IsTrue(log.FlushAsync().AsTask().IsCompletedSuccessfully, "nothing is left to flush");
        Assert.AreEqual(flushes + 1, disk.Faults.Flushes);
        await log.DisposeAsync();
    }

    [TestMethod]
    public async Task Closing_waits_for_the_flush_that_runs()
    {
        SimDisk disk = new();
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        LogTestBed.Append(log, 1);
        disk.Faults.FlushGate.Close();
        Task flush = log.FlushAsync().AsTask(), close = log.DisposeAsync().AsTask();
        Assert.IsFalse(close.IsCompleted);
        disk.Faults.FlushGate.Open();
        await Task.WhenAll(flush, close).WaitAsync(Limit);
        Assert.Throws<ObjectDisposedException>(() => log.FlushAsync().AsTask());
    }
}

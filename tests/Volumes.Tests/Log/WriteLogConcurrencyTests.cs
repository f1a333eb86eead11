using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Log;

/// <summary>Appends, flushes, reads and reclaims of many threads at once, on a real disk, in a log that turns many times.</summary>
[TestClass]
public sealed class WriteLogConcurrencyTests
{
    [TestMethod]
    [Timeout(60_000)]
    public async Task Readers_get_the_block_or_learn_that_it_is_gone()
    {
        string directory = Directory.CreateTempSubdirectory("lunaria-log-").FullName;
        using FileSystemDisk disk = new(directory);
        (WriteLog log, _) = await LogTestBed.OpenAsync(disk);
        KeptRecord?[] recent = new KeptRecord?[64];
        Queue<LogPosition> ends = [];
        Lock order = new();
        long reads = 0, gone = 0;
        bool done = false;

        async Task WriteAsync(int writer)
        {
            for (int i = 0; i < 1500; i++)
            {
                int blocks = (i % 6) + 1, fill = (writer * 100_000) + i;
                byte[] payload = LogTestBed.Payload(blocks, fill);
                LogExtent[] extents = [new((uint)writer, LogExtentKind.Data, (ulong)i, (ulong)blocks)];
                uint[] crcs = LogTestBed.Crcs(payload);
                LogAppended appended;
                for (bool waited = false; ; waited = true)
                {
                    bool fits;
                    // The ends are queued in the order of the log.
                    lock (order)
                    {
                        fits = log.TryAppend(extents, [payload], crcs, out appended, waited);
                        if (fits)
                            ends.Enqueue(appended.End);
                    }
                    if (fits)
                        break;
                    await log.WaitForRoomAsync(blocks, 1, CancellationToken.None);
                }
                Volatile.Write(ref recent[fill % recent.Length], new(appended.RecordLsn, appended.PayloadLsn, appended.End, extents, crcs));
                if (i % 50 == 0)
                {
                    await log.FlushAsync();
                    Assert.IsGreaterThanOrEqualTo(appended.End.Lsn, log.FlushedLsn);
                }
            }
        }

        async Task ReadAsync(int seed)
        {
            Random random = new(seed);
            byte[] block = new byte[LogTestBed.Block];
            while (!Volatile.Read(ref done))
            {
                await Task.Yield();
                if (Volatile.Read(ref recent[random.Next(recent.Length)]) is not { } record)
                    continue;
                int index = random.Next(record.BlockCrcs.Length);
                ulong lsn = record.PayloadLsn + (ulong)(index * LogTestBed.Block);
                if (random.Next(4) == 0 || !log.TryRead(lsn, block))
                    await log.ReadAsync(lsn, block);
                if (log.IsReclaimed(lsn))
                    Interlocked.Increment(ref gone);
                else
                    Assert.AreEqual(record.BlockCrcs[index], Crc32C.Compute(block));
                Interlocked.Increment(ref reads);
            }
        }

        async Task ReclaimAsync()
        {
            while (!Volatile.Read(ref done))
            {
                await Task.Yield();
                lock (order)
                {
                    if (log.UsedBytes > log.CapacityBytes / 2 && ends.TryDequeue(out LogPosition end))
                        log.Reclaim(end);
                }
            }
        }

        Task[] others = [Task.Run(() => ReadAsync(1)), Task.Run(() => ReadAsync(2)), Task.Run(ReclaimAsync)];
        Task all = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() => WriteAsync(writer))));
        await Task.WhenAny(all, Task.WhenAny(others));
        Volatile.Write(ref done, true);
        await Task.WhenAll([all, .. others]);
        Assert.IsGreaterThan(100L, Interlocked.Read(ref reads) - Interlocked.Read(ref gone));
        Assert.IsGreaterThan(20 * log.CapacityBytes, log.NextLsn);
        await log.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}

using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Log;

/// <summary>Alone in the process, so that what is allocated is allocated by what is measured.</summary>
[TestClass]
[DoNotParallelize]
public sealed class LogAllocationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lunaria-log-").FullName;
    private readonly FileSystemDisk _disk;

    public LogAllocationTests() => _disk = new(_directory);

    public void Dispose()
    {
        _disk.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [TestMethod]
    public async Task Appends_reads_and_flushes_allocate_nothing()
    {
        WriteLogOptions options = new() { SizeBytes = 128 << 20, FileBytes = 16 << 20 };
        (WriteLog log, _) = await LogTestBed.OpenAsync(_disk, options: options);
        ReadOnlyMemory<byte>[] pieces = [.. Enumerable.Range(0, 8).Select(i => (ReadOnlyMemory<byte>)LogTestBed.Payload(1, i))];
        uint[] crcs = new uint[8];
        LogExtent[] extents = [new(1, LogExtentKind.Data, 0, 5), new(2, LogExtentKind.Data, 77, 3)];
        byte[] read = GC.AllocateArray<byte>(2 * LogTestBed.Block, pinned: true);
        LogAppended appended = default;

        void AppendAndRead()
        {
            Assert.IsTrue(log.TryAppend(extents, pieces, crcs, out appended));
            if (!log.TryRead(appended.PayloadLsn, read))
                Assert.Fail("not in the page cache");
            log.Reclaim(appended.End);
        }

        for (int i = 0; i < 200; i++)
            AppendAndRead();
        // More than one turn of the ring.
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5000; i++)
            AppendAndRead();
        // An object an append would be 120,000 bytes; the flushes that nobody asked for may warm a pool.
        Assert.IsLessThan(10_000L, GC.GetAllocatedBytesForCurrentThread() - before, "bytes for 5000 appends");

        // These go through other threads, so what the test host does counts, too.
        for (int i = 0; i < 10_200; i++)
        {
            if (i == 200)
                before = GC.GetTotalAllocatedBytes(precise: true);
            await log.ReadAsync(appended.PayloadLsn, read);
        }
        Assert.IsLessThan(10_000 * 48L, GC.GetTotalAllocatedBytes(precise: true) - before, "bytes for 10,000 reads");
        for (int i = 0; i < 400; i++)
        {
            if (i == 200)
                before = GC.GetTotalAllocatedBytes(precise: true);
            AppendAndRead();
            await log.FlushAsync();
        }
        Assert.IsLessThan(200 * 1000L, GC.GetTotalAllocatedBytes(precise: true) - before, "bytes for 200 flushes");
        await log.DisposeAsync();
    }
}

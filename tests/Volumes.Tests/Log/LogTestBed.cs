using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.Log;

/// <summary>One record as a test remembers it: what was appended, or what a replay gave.</summary>
internal sealed record KeptRecord(ulong RecordLsn, ulong PayloadLsn, LogPosition End, LogExtent[] Extents, uint[] BlockCrcs)
{
    public static KeptRecord Of(LogRecord record) =>
        new(record.RecordLsn, record.PayloadLsn, record.End, record.Extents.ToArray(), record.BlockCrcs.ToArray());

    public void AssertSame(KeptRecord other, string message)
    {
        Assert.AreEqual(RecordLsn, other.RecordLsn, message);
        Assert.AreEqual(PayloadLsn, other.PayloadLsn, message);
        Assert.AreEqual(End, other.End, message);
        CollectionAssert.AreEqual(Extents, other.Extents, message);
        CollectionAssert.AreEqual(BlockCrcs, other.BlockCrcs, message);
    }
}

/// <summary>Opens small logs and appends records with content that tells where it belongs.</summary>
internal static class LogTestBed
{
    public const int Block = 4096;

    public static readonly WriteLogOptions Small = new() { FileBytes = 128 * 1024, SizeBytes = 4 * 128 * 1024 };

    public static async Task<(WriteLog Log, List<KeptRecord> Replayed)> OpenAsync(IDisk disk, LogPosition start = default, WriteLogOptions? options = null)
    {
        List<KeptRecord> replayed = [];
        WriteLog log = await WriteLog.OpenAsync(
            disk, options ?? Small, start, record => replayed.Add(KeptRecord.Of(record)), NullLogger.Instance, CancellationToken.None);
        return (log, replayed);
    }

    /// <summary>Appends one data extent of so many blocks; null = no room.</summary>
    public static KeptRecord? TryAppend(WriteLog log, int blocks, uint volume = 1, ulong start = 0, int fill = 0)
    {
        byte[] payload = Payload(blocks, fill);
        uint[] crcs = Crcs(payload);
        LogExtent[] extents = [new(volume, LogExtentKind.Data, start, (ulong)blocks)];
        return log.TryAppend(extents, [payload], crcs, out LogAppended appended)
            ? new(appended.RecordLsn, appended.PayloadLsn, appended.End, extents, crcs)
            : null;
    }

    public static KeptRecord Append(WriteLog log, int blocks, uint volume = 1, ulong start = 0, int fill = 0)
    {
        KeptRecord? record = TryAppend(log, blocks, volume, start, fill);
        Assert.IsNotNull(record, "the log is full");
        return record;
    }

    public static byte[] Payload(int blocks, int fill)
    {
        byte[] payload = new byte[blocks * Block];
        new Random(fill).NextBytes(payload);
        return payload;
    }

    public static uint[] Crcs(byte[] payload) => [.. Enumerable.Range(0, payload.Length / Block).Select(i => Crc32C.Compute(payload.AsSpan(i * Block, Block)))];

    /// <summary>Name of the file of the only log on a disk that holds a position.</summary>
    public static (string Path, long OffsetBytes) Locate(SimDisk disk, ulong lsn, WriteLogOptions? options = null)
    {
        options ??= Small;
        string[] names = [.. disk.List("").Where(name => name.StartsWith("log-", StringComparison.Ordinal))];
        return (names[(int)(lsn / (ulong)options.FileBytes) % names.Length], (long)(lsn % (ulong)options.FileBytes));
    }
}

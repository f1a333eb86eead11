using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Log;

/// <summary>
/// Reads a log from a position to its end, verifying everything. Used once, by one thread, before the log is written to.
/// </summary>
internal sealed class LogReplay(LogFiles files, LogReplayVisitor visitor, CancellationToken cancellation)
{
    private const int WindowBytes = 8 << 20;
    private const int Rereads = 2;

    /// <summary>What is not in the page cache is read in this many parts at once.</summary>
    private const int Parts = 8;

    /// <summary>How far behind the end it is searched for a record that proves the end wrong.</summary>
    private const ulong SearchBytes = 64UL << 20;

    private readonly byte[] _window = GC.AllocateUninitializedArray<byte>((int)Math.Min(WindowBytes, (long)files.FileBytes), pinned: true);
    private readonly LogExtent[] _extents = new LogExtent[WriteLog.MaxExtents];
    private readonly uint[] _blockCrcs = new uint[WriteLog.MaxPayloadBlocks];
    private ulong _windowLsn;
    private int _windowLength;
    private LogPosition _at;
    private ulong? _lifeId;

    /// <summary>Number of records given to the visitor.</summary>
    public int RecordCount { get; private set; }

    /// <summary>Why the log ends where it ends; for a message.</summary>
    public string EndCause { get; private set; } = "";

    /// <summary>Gives all valid records to the visitor and returns the position behind the last one.</summary>
    public async ValueTask<LogPosition> RunAsync(LogPosition start)
    {
        _at = start;
        while (_at.Lsn - start.Lsn < files.CapacityBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!await TryAcceptAsync() && !await TryAcceptAgainAsync())
                break;
        }
        return _at;
    }

    private async ValueTask<bool> TryAcceptAsync()
    {
        // A valid record that does not end in the window is read again, from its start.
        await FillAsync(_at.Lsn, LogHeader.PageBytes);
        int recordBytes = RecordBytesHere();
        if (recordBytes < 0)
            return false;
        await FillAsync(_at.Lsn, recordBytes);
        return Accept();
    }

    /// <summary>A bit may have flipped on the way and not on the medium, and what would be lost behind it was acknowledged: it is read again before it is the end.</summary>
    private async ValueTask<bool> TryAcceptAgainAsync()
    {
        for (int attempt = 0; attempt < Rereads; attempt++)
        {
            _windowLength = 0;
            if (await TryAcceptAsync())
                return true;
        }
        return false;
    }

    /// <summary>
    /// Searches behind the end for a record that was written when more was durable than what was replayed: then the log is damaged, not torn. Returns its
    /// position.
    /// </summary>
    public async ValueTask<ulong?> FindProofOfDamageAsync(ulong startLsn)
    {
        ulong endLsn = Math.Min(_at.Lsn + SearchBytes, startLsn + files.CapacityBytes);
        for (ulong lsn = _at.Lsn; lsn < endLsn; lsn += LogHeader.PageBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            await FillAsync(lsn, LogHeader.PageBytes);
            if (!LogHeader.TryReadFixed(Window(lsn, LogHeader.PageBytes), files.Label.LogId, out LogHeader header)
                || header.Lsn != lsn || header.FlushedLsn <= _at.Lsn || (ulong)header.HeaderBytes > files.RestOfFile(lsn))
                continue;
            await FillAsync(lsn, header.HeaderBytes);
            if (LogHeader.HasValidCrc(Window(lsn, header.HeaderBytes), out _))
                return lsn;
        }
        return null;
    }

    private ReadOnlySpan<byte> Window(ulong lsn, int length) => _window.AsSpan((int)(lsn - _windowLsn), length);

    private async ValueTask FillAsync(ulong lsn, int length)
    {
        if (lsn >= _windowLsn && lsn + (ulong)length <= _windowLsn + (ulong)_windowLength)
            return;
        int wanted = (int)Math.Min((ulong)_window.Length, files.RestOfFile(lsn));
        _windowLength = 0;
        if (!files.TryRead(lsn, _window.AsSpan(0, wanted)))
        {
            List<Task> reads = [];
            int partBytes = ((wanted / Parts) + LogHeader.PageBytes - 1) & -LogHeader.PageBytes;
            for (int at = 0; at < wanted; at += partBytes)
                reads.Add(files.ReadAsync(lsn + (ulong)at, _window.AsMemory(at, Math.Min(partBytes, wanted - at))).AsTask());
            await Task.WhenAll(reads);
        }
        (_windowLsn, _windowLength) = (lsn, wanted);
    }

    /// <summary>Bytes of the record that seems to be here that have to be read, or -1 where there is none.</summary>
    private int RecordBytesHere()
    {
        if (!LogHeader.TryReadFixed(Window(_at.Lsn, LogHeader.PageBytes), files.Label.LogId, out LogHeader header))
            return End("no header of this log");
        if (header.Lsn != _at.Lsn)
            return End("a record of another lap");
        if (header.ChainCrc != _at.ChainCrc)
            return End("a record that continues another one");
        if (!header.Flags.HasFlag(LogRecordFlags.FirstOfLife) && _lifeId is { } life && header.LifeId != life)
            return End("a record of an earlier life");
        bool pad = header.Flags.HasFlag(LogRecordFlags.Pad);
        if (pad ? (ulong)header.RecordBytes != files.RestOfFile(_at.Lsn) : (ulong)header.RecordBytes > files.RestOfFile(_at.Lsn))
            return End("a length that cannot be");
        return pad ? header.HeaderBytes : header.RecordBytes;
    }

    private bool Accept()
    {
        LogHeader.TryReadFixed(Window(_at.Lsn, LogHeader.PageBytes), files.Label.LogId, out LogHeader header);
        ReadOnlySpan<byte> headerPages = Window(_at.Lsn, header.HeaderBytes);
        if (!LogHeader.HasValidCrc(headerPages, out uint headerCrc) || !header.TryReadLists(headerPages, _extents, _blockCrcs))
            return End("a damaged header") > 0;
        LogPosition end = new(_at.Lsn + (ulong)header.RecordBytes, headerCrc);
        ulong payloadLsn = _at.Lsn + (ulong)header.HeaderBytes;
        for (int i = 0; i < header.BlockCount; i++)
            if (Crc32C.Compute(Window(payloadLsn + (ulong)(i * LogHeader.PageBytes), LogHeader.PageBytes)) != _blockCrcs[i])
                return End("a damaged payload") > 0;
        if (!header.Flags.HasFlag(LogRecordFlags.Pad))
        {
            visitor(new(_at.Lsn, payloadLsn, end, _extents.AsSpan(0, header.ExtentCount), _blockCrcs.AsSpan(0, header.BlockCount)));
            RecordCount++;
        }
        (_at, _lifeId) = (end, header.LifeId);
        return true;
    }

    private int End(string cause)
    {
        EndCause = cause;
        return -1;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Log;

/// <summary>
/// The one log that all volumes of a flash device write to: an endless sequence of records in a ring of files of fixed size. An LSN is a byte
/// position in it, a multiple of 4096, and never repeats. Owned by the volume manager; every member may be called by any thread.
/// </summary>
internal sealed partial class WriteLog : IAsyncDisposable
{
    /// <summary>The most payload blocks and extents of one record.</summary>
    public const int MaxPayloadBlocks = 1024, MaxExtents = 1024;

    /// <summary>Appended bytes after which a flush is begun that nobody asked for, so that one somebody waits for is short.</summary>
    private const ulong WriteBackBytes = 32UL << 20;

    private readonly Lock _appendLock = new();
    private readonly LogFiles _files;
    private readonly ILogger _logger;
    private readonly RoomQueue _room;
    private readonly GroupCommit _flushes;
    private readonly ulong _lifeId;
    private readonly ulong _reserveBytes;
    private readonly byte[] _header = GC.AllocateUninitializedArray<byte>(LogHeader.MaxHeaderBytes, pinned: true);

    // Changed under the append lock (flushed: by the flush round); read by anyone.
    private ulong _nextLsn, _reclaimedLsn, _flushedLsn;
    private uint _chainCrc;
    private ulong _writeBackLsn;
    private bool _lifeBegun, _disposed;
    private volatile Exception? _fenceCause;

    internal WriteLog(LogFiles files, ulong reclaimedLsn, LogPosition end, ulong lifeId, ILogger logger)
    {
        (_files, _logger, _lifeId) = (files, logger, lifeId);
        (_reclaimedLsn, _nextLsn, _flushedLsn, _writeBackLsn, _chainCrc) = (reclaimedLsn, end.Lsn, end.Lsn, end.Lsn, end.ChainCrc);
        _reserveBytes = files.CapacityBytes / 50 / LogHeader.PageBytes * LogHeader.PageBytes;
        _room = new(_appendLock);
        _flushes = new(FlushRoundAsync);
    }

    /// <summary>
    /// Opens the log in the root of <paramref name="disk"/>, or makes one where there is none and <paramref name="start"/> is
    /// <see cref="LogPosition.Start"/>. Gives every valid record from <paramref name="start"/> on to <paramref name="visitor"/>; the first that is
    /// not valid ends the log. What was replayed is durable when this completes, and the log goes on behind it in a new life.
    /// </summary>
    /// <exception cref="LogDamagedException">The log is missing, foreign, or damaged below what was flushed.</exception>
    /// <exception cref="DiskFullException">There is no space for a new log.</exception>
    public static ValueTask<WriteLog> OpenAsync(
        IDisk disk, WriteLogOptions options, LogPosition start, LogReplayVisitor visitor, ILogger logger, CancellationToken cancellation) =>
        new LogOpener(disk, options, logger).OpenAsync(start, visitor, cancellation);

    /// <summary>Makes an empty log where the log that there was is lost, so that one can be opened at any position.</summary>
    /// <exception cref="DiskFullException">There is no space for it.</exception>
    public static async ValueTask CreateAsync(IDisk disk, WriteLogOptions options, ILogger logger)
    {
        options.ThrowIfImpossible();
        await new LogOpener(disk, options, logger).CreateAsync();
    }

    /// <summary>Bytes of the ring.</summary>
    public ulong CapacityBytes => _files.CapacityBytes;

    /// <summary>The most blocks a record of this log can have, whatever its extents: at most <see cref="MaxPayloadBlocks"/>, fewer where files are small.</summary>
    public int MaxRecordBlocks => (int)Math.Clamp(((long)_files.FileBytes - LogHeader.MaxHeaderBytes) / LogHeader.PageBytes, 1, MaxPayloadBlocks);

    /// <summary>Where the next record starts, with its chain value: what a cut takes as its end.</summary>
    public LogPosition Position
    {
        get
        {
            lock (_appendLock)
                return new(_nextLsn, _chainCrc);
        }
    }

    /// <summary>Where the next record starts.</summary>
    public ulong NextLsn => Volatile.Read(ref _nextLsn);

    /// <summary>Everything below is free for reuse.</summary>
    public ulong ReclaimedLsn => Volatile.Read(ref _reclaimedLsn);

    /// <summary>Everything below survives the loss of power.</summary>
    public ulong FlushedLsn => Volatile.Read(ref _flushedLsn);

    /// <summary>Bytes between <see cref="ReclaimedLsn"/> and <see cref="NextLsn"/>.</summary>
    public ulong UsedBytes
    {
        get
        {
            ulong reclaimed = ReclaimedLsn;
            return NextLsn - reclaimed;
        }
    }

    /// <summary>True after a failed write or flush: appends and flushes throw for ever.</summary>
    public bool IsFenced => _fenceCause is not null;

    /// <summary>
    /// Writes one record to the kernel. <paramref name="payload"/>: pieces that together are the blocks of the data extents in their order;
    /// <paramref name="blockCrcs"/>: one CRC32C for each of these blocks. False = no room (a part of the log is kept for records without payload).
    /// </summary>
    /// <param name="waited">True for a caller that comes from <see cref="WaitForRoomAsync"/>: others are refused while someone waits.</param>
    /// <exception cref="LogFencedException">The log is fenced.</exception>
    /// <exception cref="DiskFullException">The file system has no space for a log file; nothing was appended.</exception>
    public bool TryAppend(
        ReadOnlySpan<LogExtent> extents, ReadOnlySpan<ReadOnlyMemory<byte>> payload, ReadOnlySpan<uint> blockCrcs, out LogAppended appended,
        bool waited = false)
    {
        CheckRecord(extents, payload, blockCrcs);
        int recordBytes = RecordBytesOf(blockCrcs.Length, extents.Length);
        bool hasPayload = blockCrcs.Length > 0, writeBack;
        lock (_appendLock)
        {
            ThrowIfClosed();
            if ((hasPayload && !waited && !_room.IsEmpty) || !HasRoom(_nextLsn, recordBytes, hasPayload))
            {
                appended = default;
                return false;
            }
            ulong rest = _files.RestOfFile(_nextLsn);
            if ((ulong)recordBytes > rest)
                AppendPad((int)rest);
            ulong recordLsn = _nextLsn;
            Append(LogRecordFlags.None, recordBytes, extents, payload, blockCrcs);
            appended = new(recordLsn, _nextLsn - ((ulong)blockCrcs.Length * LogHeader.PageBytes), new(_nextLsn, _chainCrc));
            writeBack = _nextLsn - Math.Max(_writeBackLsn, FlushedLsn) >= WriteBackBytes;
            if (writeBack)
                _writeBackLsn = _nextLsn;
        }
        if (writeBack)
            _flushes.Request();
        return true;
    }

    /// <summary>Completes, in the order of the calls, when there seems to be room for a record of this size; then try again.</summary>
    /// <exception cref="LogFencedException">The log is or becomes fenced.</exception>
    public ValueTask WaitForRoomAsync(int payloadBlocks, int extentCount, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        int recordBytes = RecordBytesOf(payloadBlocks, extentCount);
        lock (_appendLock)
        {
            ThrowIfClosed();
            return _room.IsEmpty && HasRoom(_nextLsn, recordBytes, payloadBlocks > 0)
                ? default
                : _room.Enqueue(recordBytes, payloadBlocks > 0, cancellation);
        }
    }

    /// <summary>
    /// Reads payload without waiting for the medium; the range must lie in the payload of one record. False = use <see cref="ReadAsync"/>. The caller
    /// then asks <see cref="IsReclaimed"/> for the LSN, and if so resolves its block again; and verifies the checksums.
    /// </summary>
    public bool TryRead(ulong blockLsn, Span<byte> destination) => _files.TryRead(blockLsn, destination);

    /// <summary>As <see cref="TryRead"/>, waiting for the medium.</summary>
    public ValueTask ReadAsync(ulong blockLsn, Memory<byte> destination) => _files.ReadAsync(blockLsn, destination);

    /// <summary>How many bytes from a position on one read can take: it must not cross the end of a log file.</summary>
    public ulong RestOfFile(ulong lsn) => _files.RestOfFile(lsn);

    /// <summary>True where the position may have been written over; asked after a read.</summary>
    public bool IsReclaimed(ulong lsn) => lsn < ReclaimedLsn;

    /// <summary>Complete = every record appended before the call survives the loss of power. Complete at once when all are.</summary>
    /// <exception cref="LogFencedException">The flush failed, now or before.</exception>
    public ValueTask FlushAsync()
    {
        ThrowIfClosed();
        return FlushedLsn >= NextLsn ? default : _flushes.JoinAsync();
    }

    /// <summary>
    /// Gives everything below a record boundary back. The caller has made durable that nobody will ask for it again. A position below the last one
    /// changes nothing.
    /// </summary>
    public void Reclaim(LogPosition upTo)
    {
        lock (_appendLock)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(upTo.Lsn, _nextLsn);
            if (upTo.Lsn > _reclaimedLsn)
                Volatile.Write(ref _reclaimedLsn, upTo.Lsn);
            // As many as would fit one behind the other.
            ulong lsn = _nextLsn;
            while (!_room.IsEmpty && _room.First is var (recordBytes, hasPayload) && HasRoom(lsn, recordBytes, hasPayload))
            {
                lsn = EndOf(lsn, recordBytes);
                _room.Dequeue(null);
            }
        }
    }

    /// <summary>Waits for a flush that runs, fails those who wait, closes the files. Flushes nothing by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_appendLock)
        {
            if (_disposed)
                return;
            _disposed = true;
            while (!_room.IsEmpty)
                _room.Dequeue(new ObjectDisposedException(nameof(WriteLog)));
        }
        try
        {
            await _flushes.JoinAsync();
        }
        catch (Exception e) when (e is ObjectDisposedException or LogFencedException)
        {
            // The round behind the last real one: it does nothing but say so.
        }
        _files.Dispose();
    }

    private static int RecordBytesOf(int payloadBlocks, int extents) =>
        LogHeader.HeaderBytesOf(extents, payloadBlocks) + (payloadBlocks * LogHeader.PageBytes);

    private void CheckRecord(ReadOnlySpan<LogExtent> extents, ReadOnlySpan<ReadOnlyMemory<byte>> payload, ReadOnlySpan<uint> blockCrcs)
    {
        long payloadBytes = 0, blocks = 0;
        foreach (ref readonly ReadOnlyMemory<byte> piece in payload)
            payloadBytes += piece.Length;
        foreach (ref readonly LogExtent extent in extents)
            blocks += extent.Kind == LogExtentKind.Data ? (long)extent.LengthBlocks : 0;
        if (extents.Length is 0 or > MaxExtents || blockCrcs.Length > MaxPayloadBlocks)
            throw new ArgumentException(
                $"A record has 1 to {MaxExtents} extents and at most {MaxPayloadBlocks} blocks; {extents.Length} and {blockCrcs.Length} were given.");
        if (blocks != blockCrcs.Length || payloadBytes != blocks * LogHeader.PageBytes)
            throw new ArgumentException($"The extents have {blocks} data blocks, but {blockCrcs.Length} checksums and {payloadBytes} bytes were given.");
        if ((ulong)RecordBytesOf(blockCrcs.Length, extents.Length) > _files.FileBytes)
            throw new ArgumentException($"A record of {blockCrcs.Length} blocks does not fit into a log file of {_files.FileBytes} bytes.");
    }

    private ulong EndOf(ulong lsn, int recordBytes)
    {
        ulong rest = _files.RestOfFile(lsn);
        return lsn + ((ulong)recordBytes > rest ? rest : 0) + (ulong)recordBytes;
    }

    private bool HasRoom(ulong lsn, int recordBytes, bool hasPayload) =>
        EndOf(lsn, recordBytes) <= _reclaimedLsn + _files.CapacityBytes - (hasPayload ? _reserveBytes : 0);

    private void Append(
        LogRecordFlags flags, int recordBytes, ReadOnlySpan<LogExtent> extents, ReadOnlySpan<ReadOnlyMemory<byte>> payload, ReadOnlySpan<uint> blockCrcs)
    {
        if (!_lifeBegun)
            flags |= LogRecordFlags.FirstOfLife;
        LogHeader header = new(
            flags, _lifeId, _nextLsn, _flushedLsn, LogHeader.HeaderBytesOf(extents.Length, blockCrcs.Length), recordBytes, extents.Length,
            blockCrcs.Length, _chainCrc);
        Span<byte> headerPages = _header.AsSpan(0, header.HeaderBytes);
        uint headerCrc = header.Write(headerPages, _files.Label.LogId, extents, blockCrcs);
        try
        {
            _files.Write(_nextLsn, headerPages, payload);
        }
        catch (Exception e) when (e is not DiskFullException)
        {
            throw Fence("write", _nextLsn, e);
        }
        _lifeBegun = true;
        _chainCrc = headerCrc;
        Volatile.Write(ref _nextLsn, _nextLsn + (ulong)recordBytes);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushRoundAsync()
    {
        ulong lsn = FlushedLsn, end;
        lock (_appendLock)
        {
            ThrowIfClosed();
            end = _nextLsn;
        }
        while (lsn < end)
        {
            try
            {
                await _files.FlushFileAsync(lsn);
            }
            catch (Exception e)
            {
                throw Fence("flush", lsn, e);
            }
            lsn = _files.NextFile(lsn);
        }
        Volatile.Write(ref _flushedLsn, end);
    }

    private LogFencedException Fence(string operation, ulong lsn, Exception cause)
    {
        lock (_appendLock)
        {
            if (_fenceCause is null)
            {
                _fenceCause = cause;
                _logger.LogCritical(cause, "The write log takes no more writes: a {Operation} of {File} failed.", operation, _files.NameAt(lsn));
            }
            while (!_room.IsEmpty)
                _room.Dequeue(Fenced(cause));
        }
        return Fenced(cause);
    }

    private static LogFencedException Fenced(Exception cause) => new(
        $"The write log takes no more writes, because it failed before ({cause.Message}). Check the device, then restart: what was flushed is safe.", cause);

    private void ThrowIfClosed()
    {
        if (_fenceCause is not null || _disposed)
            ThrowClosed();
    }

    [DoesNotReturn]
    private void ThrowClosed()
    {
        if (_fenceCause is { } cause)
            throw Fenced(cause);
        throw new ObjectDisposedException(nameof(WriteLog));
    }
}

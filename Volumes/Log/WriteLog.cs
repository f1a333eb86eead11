#pragma warning disable CA1822
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Log;

/// <summary>
/// The one log that all volumes of a flash device write to: an endless sequence of records in a ring of files of fixed size. An LSN is a byte
/// position in it, a multiple of 4096, and never repeats. Owned by the volume manager; every member may be called by any thread.
/// </summary>
internal sealed class WriteLog : IAsyncDisposable
{
    /// <summary>The most payload blocks and extents of one record.</summary>
    public const int MaxPayloadBlocks = 1024, MaxExtents = 1024;

    /// <summary>
    /// Opens the log in the root of <paramref name="disk"/>, or makes one where there is none and <paramref name="start"/> is
    /// <see cref="LogPosition.Start"/>. Gives every valid record from <paramref name="start"/> on to <paramref name="visitor"/>; the first that is
    /// not valid ends the log. What was replayed is durable when this completes, and the log goes on behind it in a new life.
    /// </summary>
    /// <exception cref="LogDamagedException">The log is missing, foreign, or damaged below what was flushed.</exception>
    public static ValueTask<WriteLog> OpenAsync(
        IDisk disk, WriteLogOptions options, LogPosition start, LogReplayVisitor visitor, ILogger logger, CancellationToken cancellation) => throw null!;

    /// <summary>Bytes of the ring.</summary>
    public ulong CapacityBytes => throw null!;

    /// <summary>Where the next record starts, with its chain value: what a cut takes as its end.</summary>
    public LogPosition Position => throw null!;

    /// <summary>Where the next record starts.</summary>
    public ulong NextLsn => throw null!;

    /// <summary>Everything below is free for reuse.</summary>
    public ulong ReclaimedLsn => throw null!;

    /// <summary>Everything below survives the loss of power.</summary>
    public ulong FlushedLsn => throw null!;

    /// <summary>Bytes between <see cref="ReclaimedLsn"/> and <see cref="NextLsn"/>.</summary>
    public ulong UsedBytes => throw null!;

    /// <summary>True after a failed write or flush: appends and flushes throw for ever.</summary>
    public bool IsFenced => throw null!;

    /// <summary>
    /// Writes one record to the kernel. <paramref name="payload"/>: pieces of multiples of 4096 bytes that together are the blocks of the data extents
    /// in their order; <paramref name="blockCrcs"/>: one CRC32C for each of these blocks. False = no room (a part of the log is kept for records without payload).
    /// </summary>
    /// <param name="waited">True for a caller that comes from <see cref="WaitForRoomAsync"/>: others are refused while someone waits.</param>
    /// <exception cref="LogFencedException">The log is fenced.</exception>
    /// <exception cref="DiskFullException">The file system has no space for a log file; nothing was appended.</exception>
    public bool TryAppend(
        ReadOnlySpan<LogExtent> extents, ReadOnlySpan<ReadOnlyMemory<byte>> payload, ReadOnlySpan<uint> blockCrcs, out LogAppended appended,
        bool waited = false) => throw null!;

    /// <summary>Completes, in the order of the calls, when there seems to be room for a record of this size; then try again.</summary>
    /// <exception cref="LogFencedException">The log is or becomes fenced.</exception>
    public ValueTask WaitForRoomAsync(int payloadBlocks, int extentCount, CancellationToken cancellation) => throw null!;

    /// <summary>
    /// Reads payload without waiting for the medium; the range must lie in the payload of one record. False = use <see cref="ReadAsync"/>. The caller
    /// then asks <see cref="IsReclaimed"/> for the LSN, and if so resolves its block again; and verifies the checksums.
    /// </summary>
    public bool TryRead(ulong blockLsn, Span<byte> destination) => throw null!;

    /// <summary>As <see cref="TryRead"/>, waiting for the medium.</summary>
    public ValueTask ReadAsync(ulong blockLsn, Memory<byte> destination) => throw null!;

    /// <summary>True where the position may have been written over; asked after a read.</summary>
    public bool IsReclaimed(ulong lsn) => throw null!;

    /// <summary>Complete = every record appended before the call survives the loss of power. Complete at once when all are.</summary>
    /// <exception cref="LogFencedException">The flush failed, now or before.</exception>
    public ValueTask FlushAsync() => throw null!;

    /// <summary>Gives everything below a record boundary back. The caller has made durable that nobody will ask for it again.</summary>
    public void Reclaim(LogPosition upTo) => throw null!;

    /// <summary>Waits for a flush that runs, fails those who wait, closes the files. Flushes nothing by itself.</summary>
    public ValueTask DisposeAsync() => throw null!;
}

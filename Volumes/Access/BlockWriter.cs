using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Appends whole blocks of one line to the write log and records them in its index, both under the line's writeLock, so that the index sees
/// records in the log's order. Owned by the line; any thread. LogFencedException and DiskFullException pass through.
/// </summary>
internal sealed class BlockWriter(uint volume, VolumeIndex index, WriteLog log, CutMarks marks)
{
    /// <summary>Limits of one batch, which is one record; what is larger comes in pieces.</summary>
    public const int MaxBatchSources = 64, MaxBatchExtents = 128;

    private readonly Lock _writeLock = new();
    private readonly int _maxBlocks = log.MaxRecordBlocks;
    private readonly uint _volume = volume;
    private readonly VolumeIndex _index = index;
    private readonly CutMarks _marks = marks;
    private volatile bool _closed;

    /// <summary>
    /// Writes sources of whole blocks as one record; zero blocks become holes. False = nothing is written: no room, too many pieces, or closed.
    /// Allocates nothing.
    /// </summary>
    [SkipLocalsInit]
    public bool TryWrite(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources, bool waited)
    {
        if (sources.Length > MaxBatchSources)
            return false;
        RecordDraft draft = new(_volume, stackalloc LogExtent[MaxBatchExtents], (stackalloc uint[WriteLog.MaxPayloadBlocks])[.._maxBlocks]);
        for (int i = 0; i < sources.Length; i++)
            if (!draft.TryAdd((ulong)offsetsBytes[i] >> BlockGeometry.BlockShift, sources[i].Span))
                return false;
        return draft.HasZeros ? TryAppendWithZeros(draft, sources, waited) : TryAppend(draft.Extents, sources, draft.Crcs, waited);
    }

    /// <summary>
    /// Writes all of <paramref name="write"/> as one record if its partial blocks still are where they were read. False = they are not, or there is no
    /// room (<paramref name="moved"/> tells which).
    /// </summary>
    [SkipLocalsInit]
    public bool TryWriteIf(MergedWrite write, bool waited, out bool moved)
    {
        RecordDraft draft = new(_volume, stackalloc LogExtent[MaxBatchExtents], (stackalloc uint[WriteLog.MaxPayloadBlocks])[.._maxBlocks]);
        ReadOnlySpan<ReadOnlyMemory<byte>> sources = write.Sources;
        ulong block = write.StartBlock;
        moved = false;
        foreach (ReadOnlyMemory<byte> source in sources)
        {
            if (!draft.TryAdd(block, source.Span))
                return false;
            block += (ulong)source.Length >> BlockGeometry.BlockShift;
        }
        lock (_writeLock)
        {
            moved = !write.IsUnmoved(_index);
            return !moved && (draft.HasZeros ? TryAppendWithZeros(draft, sources, waited) : TryAppend(draft.Extents, sources, draft.Crcs, waited));
        }
    }

    /// <summary>Turns a range into a hole. False = no room.</summary>
    public bool TryTrim(ulong startBlock, ulong lengthBlocks, bool waited)
    {
        LogExtent extent = new(_volume, LogExtentKind.Trim, startBlock, lengthBlocks);
        return TryAppend(MemoryMarshal.CreateReadOnlySpan(in extent, 1), default, default, waited);
    }

    /// <summary>
    /// Makes ranges blocks of segments, or holes, in one record of <paramref name="extents"/>, which say the same. <paramref name="pinned"/>: the segments, pinned by the
    /// caller; the record holds them from here on. False = no room, or closed; they are the caller's still.
    /// </summary>
    public bool TryShare(ReadOnlySpan<SharedRange> ranges, ReadOnlySpan<LogExtent> extents, SegmentId[] pinned, SegmentPins pins, bool waited)
    {
        LogAppended appended;
        lock (_writeLock)
        {
            if (_closed || !log.TryAppend(extents, default, default, out appended, waited))
                return false;
            pins.Hold(appended.RecordLsn, pinned);
            _index.RecordShares(ranges, appended.RecordLsn);
        }
        _marks.Note(appended.End);
        return true;
    }

    /// <summary>
    /// Ends the generation of several lines at one point in the order of all writes: one record with a marker for each, while none of them writes. False = no room,
    /// or one is closed; nothing has changed. The writers are in the order of their lines, so that two callers never wait for each other.
    /// </summary>
    public static bool TryMark(IReadOnlyList<BlockWriter> writers, WriteLog log, bool waited)
    {
        LogExtent[] markers = [.. writers.Select(writer => new LogExtent(writer._volume, LogExtentKind.Marker, writer._index.Generation + 1, 0))];
        LogAppended appended = default;
        bool marked = WhileNoneWrites(writers, () =>
        {
            if (writers.Any(writer => writer._closed) || !log.TryAppend(markers, default, default, out appended, waited))
                return false;
            for (int i = 0; i < writers.Count; i++)
                writers[i]._index.Advance((uint)markers[i].StartBlock, appended.RecordLsn, appended.End);
            return true;
        });
        if (marked)
            writers[0]._marks.Note(appended.End);
        return marked;
    }

    /// <summary>Freezes what the log holds of several lines at one point in the order of all writes (<see cref="VolumeIndex.Freeze"/>); gives that. The writers are in the order of their lines.</summary>
    public static LogPosition Freeze(IReadOnlyList<BlockWriter> writers, WriteLog log) => WhileNoneWrites(writers, () =>
    {
        LogPosition end = log.Position;
        foreach (BlockWriter writer in writers)
            writer._index.Freeze(end);
        return end;
    });

    /// <summary>True where no append starts any more.</summary>
    public bool IsClosed => _closed;

    /// <summary>Returns when every record appended before the call is in the index.</summary>
    public void Barrier()
    {
        lock (_writeLock)
        {
        }
    }

    /// <summary>No append starts after this returns, and none is under way.</summary>
    public void Close() => SetClosed(true);

    /// <summary>Appends start again.</summary>
    public void Open() => SetClosed(false);

    private void SetClosed(bool closed)
    {
        lock (_writeLock)
            _closed = closed;
    }

    private static T WhileNoneWrites<T>(IReadOnlyList<BlockWriter> writers, Func<T> action)
    {
        int locked = 0;
        try
        {
            for (; locked < writers.Count; locked++)
                writers[locked]._writeLock.Enter();
            return action();
        }
        finally
        {
            while (locked > 0)
                writers[--locked]._writeLock.Exit();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryAppendWithZeros(RecordDraft draft, ReadOnlySpan<ReadOnlyMemory<byte>> sources, bool waited)
    {
        PieceBuffer buffer = default;
        Span<ReadOnlyMemory<byte>> pieces = buffer;
        return TryAppend(draft.Extents, pieces[..draft.CutPayload(sources, pieces)], draft.Crcs, waited);
    }

    private bool TryAppend(
        ReadOnlySpan<LogExtent> extents, ReadOnlySpan<ReadOnlyMemory<byte>> payload, ReadOnlySpan<uint> crcs, bool waited)
    {
        LogAppended appended;
        lock (_writeLock)
        {
            if (_closed || !log.TryAppend(extents, payload, crcs, out appended, waited))
                return false;
            _index.Record(extents, crcs, appended.RecordLsn, appended.PayloadLsn);
        }
        _marks.Note(appended.End);
        return true;
    }
}

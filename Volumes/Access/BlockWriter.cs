using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Access;

/// <summary>
/// Appends whole blocks of one volume to the write log and records them in its index, both under the volume's writeLock, so that the index sees
/// records in the log's order. Owned by the volume; any thread. LogFencedException and DiskFullException pass through.
/// </summary>
internal sealed class BlockWriter(uint volume, VolumeIndex index, WriteLog log, CutMarks marks)
{
    /// <summary>Limits of one batch, which is one record; what is larger comes in pieces.</summary>
    public const int MaxBatchSources = 64, MaxBatchExtents = 128;

    private readonly Lock _writeLock = new();
    private readonly int _maxBlocks = log.MaxRecordBlocks;
    private bool _closed;

    /// <summary>
    /// Writes sources of whole blocks as one record; zero blocks become holes. False = nothing is written: no room, too many pieces, or closed.
    /// Allocates nothing.
    /// </summary>
    [SkipLocalsInit]
    public bool TryWrite(ReadOnlySpan<long> offsetsBytes, ReadOnlySpan<ReadOnlyMemory<byte>> sources, bool waited)
    {
        if (sources.Length > MaxBatchSources)
            return false;
        RecordDraft draft = new(volume, stackalloc LogExtent[MaxBatchExtents], (stackalloc uint[WriteLog.MaxPayloadBlocks])[.._maxBlocks]);
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
        RecordDraft draft = new(volume, stackalloc LogExtent[MaxBatchExtents], (stackalloc uint[WriteLog.MaxPayloadBlocks])[.._maxBlocks]);
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
            moved = !write.IsUnmoved(index);
            return !moved && (draft.HasZeros ? TryAppendWithZeros(draft, sources, waited) : TryAppend(draft.Extents, sources, draft.Crcs, waited));
        }
    }

    /// <summary>Turns a range into a hole. False = no room.</summary>
    public bool TryTrim(ulong startBlock, ulong lengthBlocks, bool waited)
    {
        LogExtent extent = new(volume, LogExtentKind.Trim, startBlock, lengthBlocks);
        return TryAppend(MemoryMarshal.CreateReadOnlySpan(in extent, 1), default, default, waited);
    }

    /// <summary>Returns when every record appended before the call is in the index.</summary>
    public void Barrier()
    {
        lock (_writeLock)
        {
        }
    }

    /// <summary>No append starts after this returns, and none is under way.</summary>
    public void Close()
    {
        lock (_writeLock)
            _closed = true;
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
            index.Record(extents, crcs, appended.RecordLsn, appended.PayloadLsn);
        }
        marks.Note(appended.End);
        return true;
    }
}

using System.Runtime.CompilerServices;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Access;

/// <summary>
/// A record in the making, on the stack of the writing thread: extents and checksums of the blocks of several sources, zero blocks told apart.
/// Its memory is the caller's.
/// </summary>
internal ref struct RecordDraft(uint volume, Span<LogExtent> extents, Span<uint> crcs)
{
    private readonly Span<LogExtent> _extents = extents;
    private readonly Span<uint> _crcs = crcs;
    private int _extentCount, _blockCount;

    /// <summary>Ranges so far.</summary>
    public readonly ReadOnlySpan<LogExtent> Extents => _extents[.._extentCount];

    /// <summary>Checksums of the data blocks so far.</summary>
    public readonly ReadOnlySpan<uint> Crcs => _crcs[.._blockCount];

    /// <summary>True where a block of zeros was met: it has no payload.</summary>
    public bool HasZeros { get; private set; }

    /// <summary>Adds whole blocks from <paramref name="block"/> on; false = the draft is full.</summary>
    public bool TryAdd(ulong block, ReadOnlySpan<byte> source)
    {
        for (; source.Length > 0; source = source[BlockGeometry.BlockBytes..], block++)
        {
            ReadOnlySpan<byte> content = source[..BlockGeometry.BlockBytes];
            bool isZero = ZeroTest.IsZero(content);
            if (!isZero)
            {
                if (_blockCount == _crcs.Length)
                    return false;
                _crcs[_blockCount++] = Crc32C.Compute(content);
            }
            HasZeros |= isZero;
            if (!TryExtend(block, isZero ? LogExtentKind.Zero : LogExtentKind.Data))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Cuts the payload of the drafted extents out of the sources; gives the number of pieces. As many are needed as there are extents and
    /// sources at most.
    /// </summary>
    public readonly int CutPayload(ReadOnlySpan<ReadOnlyMemory<byte>> sources, Span<ReadOnlyMemory<byte>> pieces)
    {
        int count = 0, source = 0, at = 0;
        foreach (ref readonly LogExtent extent in Extents)
            for (int remaining = checked((int)extent.LengthBlocks << BlockGeometry.BlockShift); remaining > 0;)
            {
                int length = Math.Min(remaining, sources[source].Length - at);
                if (extent.Kind == LogExtentKind.Data)
                    pieces[count++] = sources[source].Slice(at, length);
                remaining -= length;
                at += length;
                if (at == sources[source].Length)
                    (source, at) = (source + 1, 0);
            }
        return count;
    }

    private bool TryExtend(ulong block, LogExtentKind kind)
    {
        if (_extentCount > 0)
        {
            ref LogExtent last = ref _extents[_extentCount - 1];
            if (last.Kind == kind && last.StartBlock + last.LengthBlocks == block)
            {
                last = last with { LengthBlocks = last.LengthBlocks + 1 };
                return true;
            }
        }
        if (_extentCount == _extents.Length)
            return false;
        _extents[_extentCount++] = new(volume, kind, block, 1);
        return true;
    }
}

/// <summary>Room for the pieces of a record with zero blocks, on the stack.</summary>
[InlineArray(MaxPieces)]
internal struct PieceBuffer
{
    /// <summary>Extents and sources of a batch together.</summary>
    public const int MaxPieces = BlockWriter.MaxBatchExtents + BlockWriter.MaxBatchSources;

    private ReadOnlyMemory<byte> _first;
}

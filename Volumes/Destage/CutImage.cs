using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// The part of the log that a cut spans, in memory: read once from front to end in large pieces, however its blocks are scattered. Reused from cut to
/// cut; the destager's.
/// </summary>
internal sealed class CutImage(WriteLog log)
{
    private const int PieceBytes = 4 << 20, MaxReadsAtOnce = 4;

    private readonly List<byte[]> _pieces = [];
    private readonly List<Task> _reads = [];
    private ulong _start;

    /// <summary>Loads what holds the live blocks of <paramref name="cuts"/>.</summary>
    public async ValueTask LoadAsync(IReadOnlyList<VolumeCut> cuts)
    {
        (ulong start, ulong end) = SpanOf(cuts);
        _start = start;
        for (int piece = 0; _start + ((ulong)piece * PieceBytes) < end; piece++)
        {
            if (piece == _pieces.Count)
                _pieces.Add(GC.AllocateUninitializedArray<byte>(PieceBytes, pinned: true));
            ulong lsn = _start + ((ulong)piece * PieceBytes);
            _reads.Add(ReadPieceAsync(lsn, _pieces[piece].AsMemory(0, (int)Math.Min(PieceBytes, end - lsn))));
            if (_reads.Count == MaxReadsAtOnce)
                await FinishReadsAsync();
        }
        await FinishReadsAsync();
    }

    /// <summary>The block at a position of the log that was loaded.</summary>
    public ReadOnlySpan<byte> Block(ulong lsn)
    {
        ulong offset = lsn - _start;
        return _pieces[(int)(offset / PieceBytes)].AsSpan((int)(offset % PieceBytes), SegmentHeader.BlockBytes);
    }

    /// <summary>Gives the memory back; the next cut takes new.</summary>
    public void Release() => _pieces.Clear();

    private static (ulong Start, ulong End) SpanOf(IReadOnlyList<VolumeCut> cuts)
    {
        (ulong start, ulong end) = (ulong.MaxValue, 0);
        foreach (VolumeCut cut in cuts)
            foreach (ref readonly Overlay.OverlayEntry entry in cut.EntrySpan)
            {
                start = Math.Min(start, entry.Lsn);
                end = Math.Max(end, entry.Lsn + SegmentHeader.BlockBytes);
            }
        return (start, end);
    }

    private async Task ReadPieceAsync(ulong lsn, Memory<byte> destination)
    {
        for (int done = 0; done < destination.Length;)
        {
            int count = (int)Math.Min((ulong)(destination.Length - done), log.RestOfFile(lsn + (ulong)done));
            await log.ReadAsync(lsn + (ulong)done, destination.Slice(done, count));
            done += count;
        }
    }

    private async ValueTask FinishReadsAsync()
    {
        try
        {
            await Task.WhenAll(_reads);
        }
        finally
        {
            _reads.Clear();
        }
    }
}

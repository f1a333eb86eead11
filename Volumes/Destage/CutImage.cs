using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Overlay;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// The part of the log that a cut spans, in memory: read once from front to end in large pieces, however its blocks are scattered. Reused from cut to
/// cut; the destager's.
/// </summary>
internal sealed class CutImage(WriteLog log, ILogger logger)
{
    private const int PieceBytes = 4 << 20, MaxReadsAtOnce = 4, Rereads = 3;

    private readonly List<byte[]> _pieces = [];
    private readonly List<Task> _reads = [];
    private ulong _start;

    /// <summary>
    /// Loads what holds the live blocks of <paramref name="cuts"/>, and checks each. One whose checksum is wrong is read again, since a bit may have flipped on the way; what stays
    /// damaged is loaded as it is.
    /// </summary>
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
        foreach (VolumeCut cut in cuts)
            for (int i = 0; i < cut.Entries.Count; i++)
                if (!IsIntact(cut.Entries[i]))
                    await RereadAsync(cut.Line.Name, cut.Entries[i]);
    }

    /// <summary>The block at a position of the log that was loaded.</summary>
    public ReadOnlySpan<byte> Block(ulong lsn) => Page(lsn).Span;

    /// <summary>Gives the memory back; the next cut takes new.</summary>
    public void Release() => _pieces.Clear();

    private Memory<byte> Page(ulong lsn)
    {
        ulong offset = lsn - _start;
        return _pieces[(int)(offset / PieceBytes)].AsMemory((int)(offset % PieceBytes), SegmentHeader.BlockBytes);
    }

    private bool IsIntact(OverlayEntry entry) => Crc32C.Compute(Block(entry.Lsn)) == entry.Crc;

    private async ValueTask RereadAsync(string line, OverlayEntry entry)
    {
        for (int reread = 0; reread < Rereads && !IsIntact(entry); reread++)
            await log.ReadAsync(entry.Lsn, Page(entry.Lsn));
        if (!IsIntact(entry))
            VolumesLog.LogBlockDamaged(logger, line, entry.Block, entry.Lsn);
    }

    private static (ulong Start, ulong End) SpanOf(IReadOnlyList<VolumeCut> cuts)
    {
        (ulong start, ulong end) = (ulong.MaxValue, 0);
        foreach (VolumeCut cut in cuts)
            foreach (ref readonly OverlayEntry entry in cut.EntrySpan)
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

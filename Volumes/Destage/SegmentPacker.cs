using System.Runtime.InteropServices;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Overlay;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// Moves blocks of a cut from the log into the buffer of a segment: consecutive blocks with one read, what is not in the page cache with several reads
/// at once. The destager's; one call at a time.
/// </summary>
internal sealed class SegmentPacker(WriteLog log, ILogger logger)
{
    private const int MaxReadsAtOnce = 16;
    private readonly List<Task> _reads = [];
    private readonly List<(OverlayEntry Entry, ReadOnlyMemory<byte> Page)> _pages = [];

    /// <summary>
    /// Packs trims from <paramref name="trimAt"/> and blocks from <paramref name="entryAt"/> on until the segment is full or all are in, and moves both
    /// on. A block whose checksum is wrong goes in with it: its reads fail, those of its neighbours do not.
    /// </summary>
    public async ValueTask<(int TrimAt, int EntryAt)> PackAsync(SegmentBuilder builder, VolumeCut cut, int trimAt, int entryAt)
    {
        builder.Reset();
        _pages.Clear();
        // By number, whether trim or block: so a trim never is in a later segment than a block that was written over it.
        while (trimAt < cut.Trims.Count || entryAt < cut.Entries.Count)
        {
            bool isTrim = entryAt == cut.Entries.Count || (trimAt < cut.Trims.Count && cut.Trims[trimAt].StartBlock <= cut.Entries[entryAt].Block);
            if (isTrim)
            {
                if (!builder.TryAddTrim(cut.Trims[trimAt]))
                    break;
                trimAt++;
            }
            else
            {
                if (!builder.TryAddBlock(cut.Entries[entryAt].Block, cut.Entries[entryAt].Crc, out Memory<byte> page))
                    break;
                _pages.Add((cut.Entries[entryAt++], page));
            }
        }

        for (int first = 0; first < _pages.Count;)
        {
            int end = first + 1;
            while (end < _pages.Count && Follows(_pages[end - 1], _pages[end]))
                end++;
            Memory<byte> destination = Span(_pages[first].Page, end - first);
            ulong lsn = _pages[first].Entry.Lsn;
            if (!log.TryRead(lsn, destination.Span))
                _reads.Add(log.ReadAsync(lsn, destination).AsTask());
            if (_reads.Count == MaxReadsAtOnce)
                await FinishReadsAsync();
            first = end;
        }
        await FinishReadsAsync();
        Verify(cut.Line.Name);
        return (trimAt, entryAt);
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

    private void Verify(string volume)
    {
        foreach ((OverlayEntry entry, ReadOnlyMemory<byte> page) in _pages)
            if (Crc32C.Compute(page.Span) != entry.Crc)
                VolumesLog.LogBlockDamaged(logger, volume, entry.Block, entry.Lsn);
    }

    /// <summary>True where two pages are neighbours in the log and in memory.</summary>
    private static bool Follows((OverlayEntry Entry, ReadOnlyMemory<byte> Page) a, (OverlayEntry Entry, ReadOnlyMemory<byte> Page) b) =>
        a.Entry.Lsn + BlockGeometry.BlockBytes == b.Entry.Lsn
        && MemoryMarshal.TryGetArray(a.Page, out ArraySegment<byte> first) && MemoryMarshal.TryGetArray(b.Page, out ArraySegment<byte> second)
        && first.Array == second.Array && first.Offset + BlockGeometry.BlockBytes == second.Offset;

    private static Memory<byte> Span(ReadOnlyMemory<byte> firstPage, int pages)
    {
        if (pages == 1)
            return MemoryMarshal.AsMemory(firstPage);
        MemoryMarshal.TryGetArray(firstPage, out ArraySegment<byte> segment);
        return segment.Array.AsMemory(segment.Offset, pages * BlockGeometry.BlockBytes);
    }
}

using Lunaria.Volumes.Access;
using Lunaria.Volumes.Overlay;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// What one generation of a line has in the log below the end of a cut: the live blocks by number, and trims and shared blocks as disjoint ranges. Reused from cut to
/// cut; the destager's.
/// </summary>
internal sealed class VolumeCut
{
    private readonly List<OverlayEntry> _entries = [];
    private readonly List<OverlayRange> _ranges = [];

    private OverlayLayer _layer = null!;

    /// <summary>Whose cut it is.</summary>
    public OpenLine Line { get; private set; } = null!;

    /// <summary>The generation.</summary>
    public uint Generation => _layer.Generation;

    /// <summary>Where the generation ended; ulong.MaxValue where it goes on.</summary>
    public ulong EndLsn => _layer.EndsGeneration ? _layer.EndLsn : ulong.MaxValue;

    /// <summary>The blocks, ascending.</summary>
    public IReadOnlyList<OverlayEntry> Entries => _entries;

    /// <summary>The same, for loops.</summary>
    public ReadOnlySpan<OverlayEntry> EntrySpan => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_entries);

    /// <summary>The trims, ascending, disjoint and not adjacent.</summary>
    public List<BlockRange> Trims { get; } = [];

    /// <summary>Ranges that are blocks of segments, ascending and disjoint, also with the trims.</summary>
    public List<SharedRange> Shares { get; } = [];

    /// <summary>LSN of the last record that replaced something in the log, whether in the cut or behind it.</summary>
    public ulong LastObsoletingLsn { get; private set; }

    /// <summary>
    /// Up to where the log has to be published until the map shows the line as it was at one point: the cut may have left out what a record up to there replaces.
    /// </summary>
    public ulong ReachLsn => _layer.EndLsn == ulong.MaxValue ? LastObsoletingLsn : _layer.End.Lsn;

    /// <summary>True where there is nothing to publish.</summary>
    public bool IsEmpty => _entries.Count + Trims.Count + Shares.Count == 0;

    /// <summary>Copies the generation's part of the cut that ends at <paramref name="endLsn"/>. The line's writer has passed its barrier.</summary>
    public void Take(OpenLine line, OverlayLayer layer, ulong endLsn)
    {
        Begin(line, layer);
        LastObsoletingLsn = line.Index.CopyCut(layer, endLsn, _entries, _ranges);
        _entries.Sort(static (a, b) => a.Block.CompareTo(b.Block));
        TakeRanges();
    }

    /// <summary>Copies every trim of the generation, and nothing else.</summary>
    public void TakeTrims(OpenLine line, OverlayLayer layer)
    {
        Begin(line, layer);
        line.Index.CopyRanges(layer, _ranges);
        TakeRanges();
        Shares.Clear();
    }

    /// <summary>The index forgets what the map knows now. Older generations of a line come first: what hides them is still there.</summary>
    public void Forget(ulong endLsn)
    {
        if (Trims.Count + Shares.Count > 0)
            Line.Index.ForgetRanges(_layer, endLsn);
        Line.Index.Forget(_layer, EntrySpan);
    }

    private void Begin(OpenLine line, OverlayLayer layer)
    {
        (Line, _layer) = (line, layer);
        _entries.Clear();
        _ranges.Clear();
    }

    private void TakeRanges()
    {
        Trims.Clear();
        Shares.Clear();
        foreach (OverlayRange range in _ranges)
            if (!range.Place.IsHole)
                Shares.Add(new(range.StartBlock, range.LengthBlocks, range.Place));
            else if (Trims.Count > 0 && Trims[^1].EndBlock == range.StartBlock)
                Trims[^1] = Trims[^1] with { LengthBlocks = Trims[^1].LengthBlocks + range.LengthBlocks };
            else
                Trims.Add(new(range.StartBlock, range.LengthBlocks));
    }
}

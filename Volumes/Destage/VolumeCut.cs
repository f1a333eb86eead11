using Lunaria.Volumes.Overlay;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// What one volume has in the log below the end of a cut: the live blocks by number, and the trims as disjoint ranges. Reused from cut to cut; the destager's.
/// </summary>
internal sealed class VolumeCut
{
    private readonly List<OverlayEntry> _entries = [];
    private readonly List<OverlayTrim> _trims = [];

    /// <summary>Whose cut it is.</summary>
    public Volume Volume { get; private set; } = null!;

    /// <summary>The blocks, ascending.</summary>
    public IReadOnlyList<OverlayEntry> Entries => _entries;

    /// <summary>The same, for loops.</summary>
    public ReadOnlySpan<OverlayEntry> EntrySpan => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_entries);

    /// <summary>The trims, ascending, disjoint and not adjacent.</summary>
    public List<BlockRange> Trims { get; } = [];

    /// <summary>LSN of the last record that replaced something in the log, whether in the cut or behind it.</summary>
    public ulong LastObsoletingLsn { get; private set; }

    /// <summary>True where there is nothing to publish.</summary>
    public bool IsEmpty => _entries.Count + Trims.Count == 0;

    /// <summary>Copies the volume's part of the cut that ends at <paramref name="endLsn"/>.</summary>
    public void Take(Volume volume, ulong endLsn)
    {
        Volume = volume;
        _entries.Clear();
        _trims.Clear();
        // Who appended below the end of the cut, but has not recorded it in the index yet, still holds the writeLock.
        volume.Writer.Barrier();
        LastObsoletingLsn = volume.Index.CopyCut(endLsn, _entries, _trims);
        _entries.Sort(static (a, b) => a.Block.CompareTo(b.Block));
        MergeTrims();
    }

    /// <summary>Copies every trim of the volume, and nothing else.</summary>
    public void TakeTrims(Volume volume)
    {
        Volume = volume;
        _entries.Clear();
        _trims.Clear();
        volume.Writer.Barrier();
        volume.Index.CopyTrims(_trims);
        MergeTrims();
    }

    /// <summary>The index forgets what the map knows now.</summary>
    public void Forget(ulong endLsn)
    {
        if (Trims.Count > 0)
            Volume.Index.ForgetTrims(endLsn);
        Volume.Index.Forget(EntrySpan);
    }

    private void MergeTrims()
    {
        Trims.Clear();
        foreach (OverlayTrim trim in _trims)
            if (Trims.Count > 0 && Trims[^1].EndBlock == trim.StartBlock)
                Trims[^1] = Trims[^1] with { LengthBlocks = Trims[^1].LengthBlocks + trim.LengthBlocks };
            else
                Trims.Add(new(trim.StartBlock, trim.LengthBlocks));
    }
}

namespace Lunaria.Volumes.Map;

/// <summary>
/// Where a leaf is in the map's memory, in 8 bytes: page, cell in it, its number of runs (0 = a flat leaf), and the page's size class, so that a lookup
/// need not ask the page. Page 0 = not in memory.
/// </summary>
internal readonly record struct LeafEntry(uint Page, byte Cell, byte RunCount, byte SizeClass)
{
    /// <summary>True where the leaf is in memory.</summary>
    public bool IsResident => Page != 0;

    /// <summary>True where the leaf has one entry per block.</summary>
    public bool IsFlat => RunCount == 0;

    /// <summary>True where the leaf's cell is the right one for so many runs.</summary>
    public bool Fits(int runCount) => SizeClass == (runCount >= LeafClasses.FlatFromRuns ? 0 : LeafClasses.OfRuns(runCount));
}

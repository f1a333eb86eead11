namespace Lunaria.Volumes.Map;

/// <summary>Where a leaf is in the map's memory: page, cell in it, and its number of runs (0 = a flat leaf). Page 0 = not in memory.</summary>
internal readonly record struct LeafEntry(uint Page, ushort Cell, ushort RunCount)
{
    /// <summary>True where the leaf is in memory.</summary>
    public bool IsResident => Page != 0;

    /// <summary>True where the leaf has one entry per block.</summary>
    public bool IsFlat => RunCount == 0;
}

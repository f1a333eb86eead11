namespace Lunaria.Volumes.Map;

/// <summary>What map memory knows of one of its pages: 24 bytes in a native table. Under the memory's lock, but for <see cref="Referenced"/>.</summary>
internal struct MapPage
{
    /// <summary>Neighbours in the list of free pages, or of pages of one class with free cells; 0 = none.</summary>
    public int Next, Previous;

    /// <summary>Of a flat leaf: its number.</summary>
    public uint Leaf;

    /// <summary>Of a flat leaf: the slot of its map.</summary>
    public ushort Slot;

    /// <summary>Cells in use.</summary>
    public ushort Used;

    /// <summary>First free cell, counted from 1; 0 = none.</summary>
    public ushort FreeCell;

    /// <summary>What the page holds.</summary>
    public MapPageKind Kind;

    /// <summary>Index into <see cref="LeafClasses"/>.</summary>
    public byte SizeClass;

    /// <summary>It holds what map.db does not: kept until the next checkpoint. All leaves of a page are dirty, or none is.</summary>
    public bool Dirty;

    /// <summary>Used since the clock hand passed. Written without a lock: losing a mark costs a load, no more.</summary>
    public bool Referenced;
}

/// <summary>What a page of map memory holds.</summary>
internal enum MapPageKind : byte
{
    /// <summary>Nothing.</summary>
    Free,
    /// <summary>Cells of one class with leaves.</summary>
    Leaves,
    /// <summary>The entries of a group of 512 leaves.</summary>
    Directory,
}

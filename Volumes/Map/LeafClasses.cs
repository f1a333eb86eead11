namespace Lunaria.Volumes.Map;

/// <summary>
/// The sizes of cells a page of map memory is cut into. Class 0 is the whole page: a flat leaf. A cell of the others has 8 bytes of header and then
/// runs. Constant; any thread.
/// </summary>
internal static class LeafClasses
{
    /// <summary>Bytes in front of the runs of a cell.</summary>
    public const int CellHeaderBytes = 8;

    /// <summary>From so many runs on a leaf is flat: the next size of cell would be a page.</summary>
    public const int FlatFromRuns = 256;

    private static readonly ushort[] CellsPerPage = [1, 2, 3, 4, 5, 6, 8, 11, 16, 24, 36, 51, 73, 102, 128, 170, 256];
    private static readonly byte[] ClassByRuns = MakeClassByRuns();

    /// <summary>Number of classes.</summary>
    public static int Count => CellsPerPage.Length;

    /// <summary>Cells in a page of the class.</summary>
    public static int Cells(int sizeClass) => CellsPerPage[sizeClass];

    /// <summary>Bytes from one cell to the next, header included.</summary>
    public static int CellBytes(int sizeClass) => MapMemory.PageBytes / CellsPerPage[sizeClass] & -8;

    /// <summary>The smallest class that takes so many runs (1..255).</summary>
    public static int OfRuns(int runs) => ClassByRuns[runs];

    private static byte[] MakeClassByRuns()
    {
        byte[] classes = new byte[FlatFromRuns];
        for (int sizeClass = 1; sizeClass < CellsPerPage.Length; sizeClass++)
            classes.AsSpan(0, (CellBytes(sizeClass) - CellHeaderBytes) / LeafRun.Bytes + 1).Fill((byte)sizeClass);
        return classes;
    }
}

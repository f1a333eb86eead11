namespace Lunaria.Volumes.Access;

/// <summary>Numbers of the unit of mapping. Constants.</summary>
internal static class BlockGeometry
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 4096;

    /// <summary>Offset to block number: shift right by this.</summary>
    public const int BlockShift = 12;

    /// <summary>What offsets and lengths of hosts are multiples of.</summary>
    public const int SectorBytes = 512;

    /// <summary>The largest volume.</summary>
    public const long MaxVolumeBytes = 64L << 40;

    /// <summary>True where offset and length are whole blocks.</summary>
    public static bool IsAligned(long offsetBytes, long lengthBytes) => ((offsetBytes | lengthBytes) & (BlockBytes - 1)) == 0;
}

using System.Numerics;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// Limits of the block commands of a logical unit: what VPD page B0h says and what the commands enforce are these values. Immutable.
/// </summary>
internal sealed class UnitLimits(IBlockDevice medium)
{
    /// <summary>Longest payload of one command, bytes.</summary>
    public const int MaxTransferBytes = 32 << 20;

    /// <summary>Payload up to which hosts get the best throughput, bytes.</summary>
    public const int OptimalTransferBytes = 1 << 20;

    /// <summary>Longest range of COMPARE AND WRITE, blocks.</summary>
    public const int MaxCompareAndWriteBlocks = 255;

    /// <summary>Most UNMAP block descriptors of one command.</summary>
    public const int MaxUnmapDescriptors = 4096;

    /// <summary>Longest WRITE SAME, blocks.</summary>
    public const uint MaxWriteSameBlocks = 0x40_0000;

    /// <summary>Pieces in which long commands touch the medium, bytes.</summary>
    public const int PieceBytes = 1 << 20;

    /// <summary>A threshold set, the unit of provisioning counts, has 2^20 bytes.</summary>
    public const int ThresholdSetShift = 20;

    /// <summary>THRESHOLD EXPONENT: the same in blocks, as a power of two.</summary>
    public byte ThresholdExponent { get; } = (byte)(ThresholdSetShift - BitOperations.Log2((uint)medium.Geometry.LogicalBlockBytes));

    /// <summary>Longest payload of one command, blocks.</summary>
    public uint MaxTransferBlocks { get; } = (uint)(MaxTransferBytes / medium.Geometry.LogicalBlockBytes);

    /// <summary>Optimal payload, blocks.</summary>
    public uint OptimalTransferBlocks { get; } = (uint)(OptimalTransferBytes / medium.Geometry.LogicalBlockBytes);

    /// <summary>Longest WRITE ATOMIC, blocks; 0 = not offered.</summary>
    public uint MaxAtomicBlocks { get; } = (uint)(Math.Min(medium.AtomicWriteBytes, MaxTransferBytes) / medium.Geometry.LogicalBlockBytes);

    /// <summary>Granularity below which a write costs a read, blocks.</summary>
    public ushort OptimalTransferGranularityBlocks { get; } =
        (ushort)(medium.Geometry.PhysicalBlockBytes / medium.Geometry.LogicalBlockBytes);

    /// <summary>UNMAP granularity, blocks; 0 on a thick medium.</summary>
    public uint UnmapGranularityBlocks { get; } = (uint)(medium.Thin.GranularityBytes / medium.Geometry.LogicalBlockBytes);
}

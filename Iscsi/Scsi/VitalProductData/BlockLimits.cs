using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>Block Limits (SBC-3 6.5.3): the limits that the commands enforce.</summary>
internal static class BlockLimits
{
    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus)
    {
        UnitLimits limits = unit.Limits;
        bool thin = unit.Medium.Thin.Supported;
        data.Byte(unit.Options.WriteSameToEnd ? 0 : 1)        // WSNZ
            .Byte(UnitLimits.MaxCompareAndWriteBlocks)
            .UInt16(limits.OptimalTransferGranularityBlocks)
            .UInt32(limits.MaxTransferBlocks)
            .UInt32(limits.OptimalTransferBlocks)
            .UInt32(0)                                        // no more than one piece is prefetched, whatever is asked
            .UInt32(thin ? uint.MaxValue : 0)                 // any number of blocks can be unmapped
            .UInt32(thin ? (uint)UnitLimits.MaxUnmapDescriptors : 0)
            .UInt32(limits.UnmapGranularityBlocks)
            .UInt32(thin ? 0x8000_0000 : 0)                   // UGAVALID, alignment 0
            .UInt64(UnitLimits.MaxWriteSameBlocks)
            .UInt32(limits.MaxAtomicBlocks)
            .Zeros(16);                                       // atomic writes: any alignment and granularity, no boundary
    }
}

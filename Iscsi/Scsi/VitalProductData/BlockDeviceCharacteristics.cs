using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>
/// Block Device Characteristics (SBC-3 6.5.2): a medium that does not rotate; FUA and SYNCHRONIZE CACHE reach it (FUAB); after a block erase
/// or a cryptographic erase blocks read as zeros (WABEREQ=01b, WACEREQ=01b, where SANITIZE offers them).
/// </summary>
internal static class BlockDeviceCharacteristics
{
    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus) => data
        .UInt16(0x0001)
        .Byte(0)
        .Byte((unit.Medium.Thin.Supported ? 0x40 : 0) | ((unit.Features & UnitFeatures.OwnKey) != 0 ? 0x10 : 0))
        .Byte(0x02)
        .Zeros(55);
}

using System.Collections.Immutable;

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>The vital product data pages, by page code (SPC-4 7.8, SBC-3 6.5). Immutable.</summary>
internal static class VpdPages
{
    public static readonly ImmutableArray<VpdPage> Pages =
    [
        new(0x00, "Supported VPD Pages", "SPC-4 7.8.16", SupportedPages),
        new(0x80, "Unit Serial Number", "SPC-4 7.8.18", (data, unit, _) => data.Bytes(unit.Identity.SerialNumber)),
        new(0x83, "Device Identification", "SPC-4 7.8.6", DeviceIdentification.Build),
        new(0x85, "Management Network Addresses", "SPC-4 7.8.8", ManagementNetworkAddresses.Build),
        new(0x86, "Extended INQUIRY Data", "SPC-4 7.8.7", ExtendedInquiry.Build),
        // All mode pages are shared by all I_T nexuses.
        new(0x87, "Mode Page Policy", "SPC-4 7.8.10", (data, _, _) => data.Byte(0x3F).Byte(0xFF).Byte(0).Byte(0)),
        new(0x88, "SCSI Ports", "SPC-4 7.8.14", ScsiPorts.Build),
        new(0x8F, "Third-party Copy", "SPC-4, Third-party Copy VPD page", ThirdPartyCopyPage.Build),
        // No feature set is claimed: what each demands could not be checked against its text.
        new(0x92, "SCSI Feature Sets", "SPC-5, SCSI Feature Sets VPD page", (data, _, _) => data.Zeros(4)),
        new(0xB0, "Block Limits", "SBC-3 6.5.3", BlockLimits.Build),
        new(0xB1, "Block Device Characteristics", "SBC-3 6.5.2", BlockDeviceCharacteristics.Build),
        new(0xB2, "Logical Block Provisioning", "SBC-3 6.5.4", LogicalBlockProvisioning.Build),
    ];

    /// <summary>The page of a code; null where the unit has none.</summary>
    public static VpdPage? Find(LogicalUnit unit, byte code)
    {
        foreach (VpdPage page in Pages)
            if (page.Code == code && (page.Requires & ~unit.Features) == 0) return page;
        return null;
    }

    /// <summary>A page with its header.</summary>
    public static ParameterData Build(VpdPage page, LogicalUnit unit, ItNexus nexus)
    {
        ParameterData data = new ParameterData().Byte(0).Byte(page.Code).UInt16(0);
        page.Build(data, unit, nexus);
        data.PatchUInt16(2, data.Length - 4);
        return data;
    }

    private static void SupportedPages(ParameterData data, LogicalUnit unit, ItNexus nexus)
    {
        foreach (VpdPage page in Pages)
            if ((page.Requires & ~unit.Features) == 0) data.Byte(page.Code);
    }
}

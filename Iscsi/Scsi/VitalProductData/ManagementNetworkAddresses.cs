using System.Text;

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>Management Network Addresses (SPC-4 7.8.8): where the unit is configured, if the embedder says so.</summary>
internal static class ManagementNetworkAddresses
{
    private const int StorageConfigurationService = 0x01;

    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus)
    {
        if (unit.Options.ManagementAddress is not { } address) return;
        byte[] text = Encoding.UTF8.GetBytes(address);
        int length = (text.Length + 4) & ~3;
        data.Byte(StorageConfigurationService).Byte(0).UInt16(length).Bytes(text).Zeros(length - text.Length);
    }
}

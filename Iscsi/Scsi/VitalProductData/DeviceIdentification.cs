using System.Text;

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>
/// Device Identification (SPC-4 7.8.6): the names of the logical unit, the NAA identifier first because hosts take the first one; then
/// those of the target port the command came through, and of the target.
/// </summary>
internal static class DeviceIdentification
{
    private const int Binary = 1;
    private const int Ascii = 2;
    private const int Utf8 = 3;

    private const int LogicalUnitAssociation = 0;
    private const int TargetPortAssociation = 1;
    private const int TargetDeviceAssociation = 2;

    private const int IscsiProtocol = 5;

    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus)
    {
        Descriptor(data, Binary, LogicalUnitAssociation, 3, unit.Identity.Naa);
        Descriptor(data, Ascii, LogicalUnitAssociation, 1, unit.Identity.VendorSerial);
        Descriptor(data, Binary, TargetPortAssociation, 4, [0, 0, (byte)(nexus.Port.RelativeId >> 8), (byte)nexus.Port.RelativeId]);
        Descriptor(data, Binary, TargetPortAssociation, 5, [0, 0, (byte)(nexus.Port.PortalGroupTag >> 8), (byte)nexus.Port.PortalGroupTag]);
        TargetPortName(data, ScsiName(nexus.Port.Name));
        Descriptor(data, Utf8, TargetDeviceAssociation, 8, ScsiName(nexus.Port.TargetName));
    }

    /// <summary>Adds the descriptor of a target port's SCSI name string.</summary>
    public static void TargetPortName(ParameterData data, byte[] name) => Descriptor(data, Utf8, TargetPortAssociation, 8, name);

    /// <summary>A SCSI name string: UTF-8, ended by and padded with zeros to a multiple of four (SPC-4 7.8.6.11).</summary>
    public static byte[] ScsiName(string name)
    {
        byte[] text = Encoding.UTF8.GetBytes(name);
        byte[] padded = new byte[(text.Length + 4) & ~3];
        text.CopyTo(padded, 0);
        return padded;
    }

    /// <summary>One designation descriptor; PIV and the protocol only where a port or a device is named (SPC-4 7.8.6.1).</summary>
    private static void Descriptor(ParameterData data, int codeSet, int association, int type, ReadOnlySpan<byte> designator)
    {
        bool port = association != LogicalUnitAssociation;
        data.Byte((port ? IscsiProtocol << 4 : 0) | codeSet)
            .Byte((port ? 0x80 : 0) | (association << 4) | type)
            .Byte(0)
            .Byte(designator.Length)
            .Bytes(designator);
    }
}

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>SCSI Ports (SPC-4 7.8.14): every target port through which the unit can be reached, by relative identifier and name.</summary>
internal static class ScsiPorts
{
    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus)
    {
        foreach (TargetPort port in unit.Ports)
        {
            byte[] name = DeviceIdentification.ScsiName(port.Name);
            data.UInt16(0).UInt16(port.RelativeId)
                .UInt16(0).UInt16(0)                      // no initiator port
                .UInt16(0).UInt16(4 + name.Length);
            DeviceIdentification.TargetPortName(data, name);
        }
    }
}

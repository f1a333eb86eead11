namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// A SCSI target port: one target portal group of one iSCSI target (RFC 7143 4.4.1). Its relative identifier is the only one of its kind
/// on this appliance and stays the same while hosts know it.
/// </summary>
/// <param name="TargetName">iSCSI name of the target.</param>
/// <param name="PortalGroupTag">Target portal group tag.</param>
/// <param name="RelativeId">Relative target port identifier, from 1 (SPC-4 7.8.6.8).</param>
public sealed record TargetPort(string TargetName, ushort PortalGroupTag, ushort RelativeId)
{
    /// <summary>The port's name, <c>iqn,t,0xTPGT</c>.</summary>
    public string Name { get; } = $"{TargetName},t,0x{PortalGroupTag:x4}";
}

using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Iscsi.Sessions;

namespace Lunaria.Iscsi;

/// <summary>
/// One iSCSI target node: a name, who may log in, and logical units. Made by <see cref="IscsiServer.AddTarget"/>. Any thread may
/// change <see cref="Luns"/> while hosts are logged in.
/// </summary>
public sealed class IscsiTarget
{
    private volatile IReadOnlyList<InitiatorAccess> access;

    internal IscsiTarget(TargetPort port, IscsiTargetOptions options, UnitDirectory units)
    {
        Port = port;
        Options = options;
        access = options.Access;
        Luns = new(port);
        DeviceServer = new(Luns, units);
    }

    /// <summary>iSCSI name, e.g. <c>iqn.2026-11.example.org:disks</c>.</summary>
    public string Name => Port.TargetName;

    /// <summary>Its target port: this target has one portal group.</summary>
    public TargetPort Port { get; }

    /// <summary>Settings given at creation.</summary>
    public IscsiTargetOptions Options { get; }

    /// <summary>Who may log in, at first those of <see cref="Options"/>. A change counts from the next log-in on; sessions stay.</summary>
    public IReadOnlyList<InitiatorAccess> Access { get => access; set => access = [.. value]; }

    /// <summary>The logical units by LUN.</summary>
    public LogicalUnitMap Luns { get; }

    internal DeviceServer DeviceServer { get; }

    internal SessionTable Sessions { get; } = new();
}

using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Sessions;

namespace Lunaria.Iscsi;

/// <summary>
/// One iSCSI target node: a name, who may log in, and logical units. Made by <see cref="IscsiServer.AddTarget"/>. Any thread may
/// change <see cref="Luns"/> while hosts are logged in.
/// </summary>
public sealed class IscsiTarget
{
    internal IscsiTarget(string name, IscsiTargetOptions options)
    {
        Name = name;
        Options = options;
        Luns = new();
        DeviceServer = new(Luns);
    }

    /// <summary>iSCSI name, e.g. <c>iqn.2026-11.example.org:disks</c>.</summary>
    public string Name { get; }

    /// <summary>Settings given at creation.</summary>
    public IscsiTargetOptions Options { get; }

    /// <summary>The logical units by LUN.</summary>
    public LogicalUnitMap Luns { get; }

    internal DeviceServer DeviceServer { get; }

    internal SessionTable Sessions { get; } = new();
}

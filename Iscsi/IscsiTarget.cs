using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Iscsi.Sessions;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi;

/// <summary>
/// One iSCSI target node: a name, who may log in, and logical units. Made by <see cref="IscsiServer.AddTarget"/>. Any thread may
/// change <see cref="Luns"/> while hosts are logged in.
/// </summary>
public sealed class IscsiTarget
{
    private readonly Lock showing = new();
    private volatile IReadOnlyList<InitiatorAccess> access;
    private volatile LoginRedirect? redirect;
    private volatile IReadOnlyList<IPEndPoint> portals;

    internal IscsiTarget(TargetPort port, IscsiTargetOptions options, UnitDirectory units)
    {
        Port = port;
        Options = options;
        access = options.Access;
        portals = options.Portals;
        Luns = new(port);
        DeviceServer = new(Luns, units);
    }

    /// <summary>iSCSI name, e.g. <c>iqn.2026-11.example.org:disks</c>.</summary>
    public string Name => Port.TargetName;

    /// <summary>Its target port: this target has one portal group.</summary>
    public TargetPort Port { get; }

    /// <summary>The portals of its group, at first those of <see cref="Options"/>; empty = all of the server's. <see cref="IscsiServer.ChangeTargetPortals"/> changes them.</summary>
    public IReadOnlyList<IPEndPoint> Portals { get => portals; internal set => portals = value; }

    /// <summary>Settings given at creation.</summary>
    public IscsiTargetOptions Options { get; }

    /// <summary>
    /// Who may log in, at first those of <see cref="Options"/>. A change counts from the next log-in on; sessions stay, but which LUNs they may use changes at
    /// once: their hosts hear REPORTED LUNS DATA HAS CHANGED. Who is not let in any more keeps what he has until his session is closed.
    /// </summary>
    public IReadOnlyList<InitiatorAccess> Access
    {
        get => access;
        set
        {
            lock (showing)
            {
                access = [.. value];
                foreach (Session session in Sessions.Snapshot()) ShowLuns(session);
            }
        }
    }

    /// <summary>
    /// Not null = hosts that begin a session are sent there in place of being let in. Sessions stay, and may get further connections;
    /// <see cref="IscsiServer.RequestLogouts"/> moves their hosts.
    /// </summary>
    public LoginRedirect? Redirect { get => redirect; set => redirect = value; }

    /// <summary>The logical units by LUN.</summary>
    public LogicalUnitMap Luns { get; }

    internal DeviceServer DeviceServer { get; }

    internal SessionTable Sessions { get; } = new();

    /// <summary>True where the target is shown to hosts that came in at <paramref name="local"/>.</summary>
    internal bool IsAt(IPEndPoint local) => IsOneOf(portals, local);

    /// <summary>How many of its sessions began at an address that is none of <paramref name="wanted"/> (empty = all of the server's).</summary>
    public int CountSessionsElsewhere(IReadOnlyList<IPEndPoint> wanted) =>
        Sessions.Snapshot().Count(session => session.Portal is IPEndPoint local && !IsOneOf(wanted, local));

    private static bool IsOneOf(IReadOnlyList<IPEndPoint> portals, IPEndPoint local) =>
        portals.Count == 0 || portals.Any(portal => PortalAddress.Covers(portal, local));

    /// <summary>True where the initiator of a session would be let in now.</summary>
    internal bool LetsIn(Session session) => InitiatorAccess.Find(access, session.Identity.InitiatorName, session.Identity.Address) is not null;

    /// <summary>
    /// Shows a session the LUNs that its initiator may use; false = it is not let in any more. A session that is in the table before this is called misses no change
    /// of <see cref="Access"/>.
    /// </summary>
    internal bool ShowLuns(Session session)
    {
        lock (showing)
        {
            if (InitiatorAccess.Find(access, session.Identity.InitiatorName, session.Identity.Address) is not InitiatorAccess entry) return false;
            if (session.Nexus is not ItNexus nexus) return true;
            IReadOnlySet<int>? before = nexus.UsableLuns;
            if (entry.Luns is null ? before is null : before is not null && before.SetEquals(entry.Luns)) return true;
            nexus.UsableLuns = entry.Luns;
            DeviceServer.Show(nexus);
            return true;
        }
    }
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Isns;

/// <summary>What a server has to tell an iSNS server of itself at a moment: its portals, its targets, and which is where. Immutable.</summary>
internal sealed class IsnsRegistration
{
    private const uint Iscsi = 2, Target = 1;

    /// <summary>Only changes of targets and of oneself; removed, added, updated (RFC 4171 6.4.4: bits 25, 27, 28, 29 from the left).</summary>
    private const uint WantedChanges = 0x40 | 0x10 | 0x08 | 0x04;

    private readonly IsnsOptions options;
    private readonly List<IsnsAttribute> operating = [];

    /// <summary>Takes the state of <paramref name="server"/>.</summary>
    /// <param name="server">The targets and portals.</param>
    /// <param name="options">Name and times.</param>
    /// <param name="local">The address that the iSNS server knows this machine by.</param>
    /// <param name="listensAt">Port at that address where the iSNS server is answered.</param>
    public IsnsRegistration(IscsiServer server, IsnsOptions options, IPAddress local, int listensAt)
    {
        this.options = options;
        IscsiTarget[] targets = [.. server.Targets.OrderBy(target => target.Name, StringComparer.Ordinal)];
        Source = targets.FirstOrDefault()?.Name;
        IPEndPoint[] portals = [.. server.Portals.SelectMany(portal => Reachable(portal, local)).Distinct()];
        operating.Add(IsnsAttribute.Of(IsnsTag.EntityIdentifier, options.EntityId));
        operating.Add(IsnsAttribute.Of(IsnsTag.EntityProtocol, Iscsi));
        operating.Add(IsnsAttribute.Of(IsnsTag.RegistrationPeriod, (uint)options.RegistrationPeriod.TotalSeconds));
        // Only where the iSNS server is sure to come through: it forgets portals that do not answer it.
        int answering = Array.FindIndex(portals, portal => portal.Address.Equals(local));
        for (int i = 0; i < portals.Length; i++) AddPortal(portals[i], i == answering ? listensAt : 0);
        foreach (IscsiTarget target in targets)
        {
            operating.Add(IsnsAttribute.Of(IsnsTag.NodeName, target.Name));
            operating.Add(IsnsAttribute.Of(IsnsTag.NodeType, Target));
            if (target.Options.Alias is string alias) operating.Add(IsnsAttribute.Of(IsnsTag.NodeAlias, alias));
        }
        foreach (IscsiTarget target in targets)
            foreach (IPEndPoint portal in portals)
                AddPortalGroup(target, portal);
        Payload = Register(0).WritePayload();
    }

    /// <summary>The node in whose name messages are sent; null where there is no target, and so nothing to tell.</summary>
    public string? Source { get; }

    private byte[] Payload { get; }

    /// <summary>True where an iSNS server would learn nothing new from this one.</summary>
    public bool IsSameAs(IsnsRegistration? other) => other is not null && Payload.AsSpan().SequenceEqual(other.Payload);

    /// <summary>DevAttrReg: all of it (RFC 4171 5.6.5.1).</summary>
    public IsnsMessage Register(ushort transactionId) => new(IsnsFunction.Register, transactionId,
        [Node(), IsnsAttribute.Of(IsnsTag.EntityIdentifier, options.EntityId), IsnsAttribute.Delimiter, .. operating]);

    /// <summary>SCNReg: be told when something is done to these entries (5.6.5.5).</summary>
    public IsnsMessage RegisterForChanges(ushort transactionId) => new(IsnsFunction.RegisterForChanges, transactionId,
        [Node(), Node(), IsnsAttribute.Delimiter, IsnsAttribute.Of(IsnsTag.ChangeBitmap, WantedChanges)]);

    /// <summary>DevAttrQry: is it still there? (5.6.5.2)</summary>
    public IsnsMessage Query(ushort transactionId) => new(IsnsFunction.Query, transactionId,
        [Node(), IsnsAttribute.Of(IsnsTag.EntityIdentifier, options.EntityId), IsnsAttribute.Delimiter, new(IsnsTag.RegistrationPeriod, default)]);

    /// <summary>DevDereg: all of it goes (5.6.5.4).</summary>
    public IsnsMessage Deregister(ushort transactionId) => new(IsnsFunction.Deregister, transactionId,
        [Node(), IsnsAttribute.Delimiter, IsnsAttribute.Of(IsnsTag.EntityIdentifier, options.EntityId)]);

    private IsnsAttribute Node() => IsnsAttribute.Of(IsnsTag.NodeName, Source ?? "");

    private void AddPortal(IPEndPoint portal, int listensAt)
    {
        operating.Add(IsnsAttribute.Of(IsnsTag.PortalAddress, portal.Address));
        operating.Add(IsnsAttribute.Of(IsnsTag.PortalPort, (uint)portal.Port));
        if (listensAt == 0) return;
        operating.Add(IsnsAttribute.Of(IsnsTag.StatusInquiryInterval, (uint)Math.Max(1, options.RegistrationPeriod.TotalSeconds / 3)));
        operating.Add(IsnsAttribute.Of(IsnsTag.StatusInquiryPort, (uint)listensAt));
        operating.Add(IsnsAttribute.Of(IsnsTag.ChangePort, (uint)listensAt));
    }

    /// <summary>An iSNS server takes each node to be at each portal of its entity, in group 1, unless it is told otherwise; no tag = it is not there (6.5.4).</summary>
    private void AddPortalGroup(IscsiTarget target, IPEndPoint portal)
    {
        bool isThere = target.IsAt(portal);
        if (isThere && target.Port.PortalGroupTag == 1) return;
        operating.Add(IsnsAttribute.Of(IsnsTag.PortalGroupNodeName, target.Name));
        operating.Add(IsnsAttribute.Of(IsnsTag.PortalGroupAddress, portal.Address));
        operating.Add(IsnsAttribute.Of(IsnsTag.PortalGroupPort, (uint)portal.Port));
        operating.Add(isThere ? IsnsAttribute.Of(IsnsTag.PortalGroupTag, target.Port.PortalGroupTag) : new(IsnsTag.PortalGroupTag, default));
    }

    /// <summary>A portal's own address, or for a wildcard those of this machine's networks; where the iSNS server is on this machine, the one that it knows.</summary>
    private static IEnumerable<IPEndPoint> Reachable(IPEndPoint portal, IPAddress local)
    {
        if (!PortalAddress.IsWildcard(portal)) return [portal];
        IEnumerable<IPAddress> addresses = IPAddress.IsLoopback(local) ? [local] : NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !address.IsIPv6LinkLocal)
            .OrderBy(address => address.ToString(), StringComparer.Ordinal);
        return addresses
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork || portal.AddressFamily == AddressFamily.InterNetworkV6)
            .Select(address => new IPEndPoint(address, portal.Port));
    }
}

using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Transport;
using Microsoft.Extensions.Logging;

namespace Lunaria.Iscsi.Sessions;

/// <summary>What all connections of a server share. Made by the <see cref="IscsiServer"/>; any thread.</summary>
internal sealed class ServerContext(IscsiServerOptions options, TimeProvider time, ILogger logger)
{
    private IReadOnlyList<IPEndPoint> portals = [];
    private IscsiServerOptions current = options;
    private volatile bool admitsLogins = !options.HoldsLogins;

    /// <summary>The settings now; a connection keeps those it began with.</summary>
    public IscsiServerOptions Options { get => Volatile.Read(ref current); set => Volatile.Write(ref current, value); }
    public TimeProvider Time { get; } = time;
    public ILogger Logger { get; } = logger;
    public BufferPool Pool { get; } = new(options.BufferPoolBytes);
    public TargetDirectory Targets { get; } = new();
    public BusyPollSeats BusyPollSeats { get; } = new(Environment.ProcessorCount / 2);
    public ConnectionRegistry Connections { get; } = new(options);

    /// <summary>False while the targets are still to come.</summary>
    public bool AdmitsLogins { get => admitsLogins; set => admitsLogins = value; }

    /// <summary>Where the server listens, with the ports it really has.</summary>
    public IReadOnlyList<IPEndPoint> Portals { get => Volatile.Read(ref portals); set => Volatile.Write(ref portals, value); }

    /// <summary>Holds back who guesses.</summary>
    public LoginBackOff BackOff { get; } = new(time);

    public RefusedLogins RefusedLogins { get; } = new();

    /// <summary>What a login from <paramref name="peer"/> that came in at <paramref name="local"/> needs to know.</summary>
    public LoginEnvironment LoginFrom(IPAddress peer, IPEndPoint local) => new(Targets, Options.DiscoveryAccess, peer, local)
    {
        MaxRecvDataSegmentLength = Options.MaxRecvDataSegmentLength,
        IsReady = AdmitsLogins,
        BackOff = BackOff,
    };

    /// <summary>A login was refused: counted, unless it only came too early, and held against its address where it may have been a guess.</summary>
    public void LoginRefused(IPAddress peer, string? initiatorName, string? targetName, LoginStatus status, bool isGuess)
    {
        if (status == LoginStatus.ServiceUnavailable && targetName is null && !AdmitsLogins) return;
        if (isGuess) BackOff.Failed(peer, targetName ?? "");
        RefusedLogins.Add(Time.GetUtcNow(), peer, initiatorName, targetName, status);
    }

    /// <summary>
    /// TargetAddress of each portal of a target, for a host that came in at <paramref name="local"/>: those with an address of their own as they are, and for one on
    /// all addresses the one the host found. IPv6 for a host that came by IPv6, IPv4 for one that came by IPv4; what it may not be able to reach only where there is
    /// nothing else.
    /// </summary>
    public List<string> AddressesOf(IscsiTarget target, IPEndPoint local)
    {
        IEnumerable<IPEndPoint> here = Portals.Select(portal => PortalAddress.IsWildcard(portal) ? new(local.Address, portal.Port) : portal);
        IEnumerable<IPEndPoint> own = target.Portals.Where(portal => !PortalAddress.IsWildcard(portal));
        IPEndPoint[] all = [.. here.Where(target.IsAt).Concat(own).Where(address => Portals.Any(portal => PortalAddress.Covers(portal, address)))];
        IPEndPoint[] sameFamily = [.. all.Where(address => PortalAddress.IsIPv6(address) == PortalAddress.IsIPv6(local))];
        return [.. (sameFamily.Length > 0 ? sameFamily : all)
            .Select(address => PortalAddress.Format(address, target.Port.PortalGroupTag))
            .Distinct()];
    }
}

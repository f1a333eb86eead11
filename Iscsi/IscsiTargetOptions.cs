using System.Net;
using Lunaria.Iscsi.Login;

namespace Lunaria.Iscsi;

/// <summary>Settings of one target. Immutable.</summary>
public sealed record IscsiTargetOptions
{
    /// <summary>A name for humans (TargetAlias, RFC 7143 13.7), or null.</summary>
    public string? Alias { get; init; }

    /// <summary>Who may log in. Default: everybody, without authentication. An empty list admits nobody.</summary>
    public IReadOnlyList<InitiatorAccess> Access { get; init; } = [InitiatorAccess.Anyone];

    /// <summary>Tag of the target's portal group (RFC 7143 13.9), which is a part of the name of its target port.</summary>
    public ushort PortalGroupTag { get; init; } = 1;

    /// <summary>
    /// The portals of that group: where it is shown and hosts can log in. Addresses that the server listens on, or wildcards. Empty = at all of the server's.
    /// </summary>
    public IReadOnlyList<IPEndPoint> Portals { get; init; } = [];

    /// <summary>
    /// Relative target port identifier, the only one of its kind on this appliance; 0 = the number of the call of
    /// <see cref="IscsiServer.AddTarget"/>. Hosts remember it (persistent reservations, path names), so give the same after a restart.
    /// </summary>
    public ushort RelativePortId { get; init; }
}

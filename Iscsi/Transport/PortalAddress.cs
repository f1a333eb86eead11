using System.Net;
using System.Net.Sockets;

namespace Lunaria.Iscsi.Transport;

/// <summary>How addresses of portals compare and are written. Pure.</summary>
internal static class PortalAddress
{
    /// <summary>True where a host that came in at <paramref name="local"/> is at the portal: the wildcard of IPv6 takes IPv4 hosts, too.</summary>
    public static bool Covers(IPEndPoint portal, IPEndPoint local)
    {
        IPAddress address = Plain(local.Address);
        return portal.Port == local.Port
            && (portal.Address.Equals(IPAddress.IPv6Any)
                || (portal.Address.Equals(IPAddress.Any) && address.AddressFamily == AddressFamily.InterNetwork)
                || Plain(portal.Address).Equals(address));
    }

    /// <summary>True where the portal stands for every address of this machine.</summary>
    public static bool IsWildcard(IPEndPoint portal) => portal.Address.Equals(IPAddress.Any) || portal.Address.Equals(IPAddress.IPv6Any);

    /// <summary>True for an address of IPv6 that stands for none of IPv4.</summary>
    public static bool IsIPv6(IPEndPoint endPoint) => Plain(endPoint.Address).AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary><c>10.0.0.1:3260,1</c> or <c>[2001:db8::1]:3260,1</c> (RFC 7143 13.8).</summary>
    public static string Format(IPEndPoint endPoint, ushort portalGroupTag)
    {
        IPAddress address = Plain(endPoint.Address);
        string host = address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
        return $"{host}:{endPoint.Port},{portalGroupTag}";
    }

    /// <summary>IPv4 as such, and without a scope, which means something on this machine only.</summary>
    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new(address.GetAddressBytes())
        : address;
}

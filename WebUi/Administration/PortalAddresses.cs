using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Lunaria.WebUi.Administration;

/// <summary>The addresses that hosts use to reach portals. Asks the machine for its networks at each call; any thread.</summary>
public static class PortalAddresses
{
    /// <summary>Each portal's own address, or those of this machine's networks for a wildcard.</summary>
    public static IReadOnlyList<IPEndPoint> Of(IEnumerable<IPEndPoint> portals) => [.. portals.SelectMany(Reachable).Distinct()];

    private static IEnumerable<IPEndPoint> Reachable(IPEndPoint portal)
    {
        if (!portal.Address.Equals(IPAddress.Any) && !portal.Address.Equals(IPAddress.IPv6Any))
            return [portal];
        var addresses = NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => (address.AddressFamily == AddressFamily.InterNetwork || portal.AddressFamily == AddressFamily.InterNetworkV6) && !address.IsIPv6LinkLocal)
            .ToList();
        if (addresses.Count == 0)
            addresses.Add(portal.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback);
        return addresses.Select(address => new IPEndPoint(address, portal.Port));
    }
}

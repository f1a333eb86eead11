using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi;
using Lunaria.WebUi.Administration;

namespace Lunaria.Appliance.Hosting;

/// <summary>Opens the portals, at the start and when they change. Stateless.</summary>
internal static class Portals
{
    /// <summary>Listens; <see cref="StartException"/> names the portal that cannot be had.</summary>
    public static async Task ListenAsync(IscsiServer server, IReadOnlyList<IPEndPoint> portals)
    {
        try
        {
            await server.StartAsync();
        }
        catch (SocketException e)
        {
            var portal = portals.FirstOrDefault(IsTaken) ?? portals[0];
            throw new StartException($"the portal {portal} cannot be opened: {e.Message}. Stop what listens there, or choose another with --portal ADDRESS:PORT", e);
        }
    }

    /// <summary>Listens elsewhere while hosts are served; <see cref="RefusedException"/> names the portal that cannot be had, and nothing has changed then.</summary>
    public static async Task ChangeAsync(IscsiServer server, IReadOnlyList<IPEndPoint> portals)
    {
        try
        {
            await server.ChangePortalsAsync(portals);
        }
        catch (SocketException e)
        {
            var portal = portals.FirstOrDefault(portal => !server.Portals.Contains(portal) && IsTaken(portal)) ?? portals[0];
            throw new RefusedException(
                RefusalKind.Invalid, $"iscsi.portals: the portal {portal} cannot be opened: {e.Message}. Stop what listens there, give this machine the address, or choose another.", "iscsi.portals");
        }
    }

    private static bool IsTaken(IPEndPoint portal)
    {
        using var socket = new Socket(portal.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(portal);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}

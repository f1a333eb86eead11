using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi;

namespace Lunaria.Appliance.Hosting;

/// <summary>Opens the portals. Stateless; used at the start.</summary>
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

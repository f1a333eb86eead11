using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Diagnostics;
using Lunaria.Iscsi.Sessions;

namespace Lunaria.Iscsi.Transport;

/// <summary>One portal: listens, accepts, and starts a <see cref="Connection"/> for each host. Owned by the <see cref="IscsiServer"/>.</summary>
internal sealed class PortalListener : IDisposable
{
    private const int Backlog = 512;
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly ServerContext server;
    private readonly Socket socket;
    private Task accepting = Task.CompletedTask;

    /// <summary>Binds, to <paramref name="where"/> where that is given; throws <see cref="SocketException"/> when that fails.</summary>
    public PortalListener(ServerContext server, IPEndPoint portal, IPEndPoint? where = null)
    {
        this.server = server;
        Portal = portal;
        socket = new(portal.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // A portal on all IPv6 addresses takes IPv4 hosts, too.
            if (portal.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = portal.Address.Equals(IPAddress.IPv6Any);
            socket.Bind(where ?? portal);
            socket.Listen(Backlog);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>What was asked for, port 0 for any free one.</summary>
    public IPEndPoint Portal { get; }

    /// <summary>Address and port in use.</summary>
    public IPEndPoint EndPoint { get; }

    public void Start()
    {
        Log.PortalListens(server.Logger, EndPoint);
        accepting = AcceptAsync();
    }

    /// <summary>Stops listening; completes when no further connection can come.</summary>
    public async Task StopAsync()
    {
        socket.Dispose();
        await accepting;
        Log.PortalStops(server.Logger, EndPoint);
    }

    public void Dispose() => socket.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await socket.AcceptAsync();
            }
            catch (Exception error) when (error is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return;
            }
            catch (SocketException error)
            {
                // Out of file handles, or a host that went away while it waited: later ones must still get in.
                Log.AcceptFailed(server.Logger, EndPoint, error.Message);
                await Task.Delay(PauseAfterFailure, server.Time);
                continue;
            }
            Serve(accepted);
        }
    }

    private void Serve(Socket accepted)
    {
        EndPoint? peer = null;
        try
        {
            peer = accepted.RemoteEndPoint;
            Connection connection = new(server, accepted);
            server.Connections.Enter(connection);
            try
            {
                connection.Start();
            }
            catch (OutOfMemoryException)
            {
                // No thread for it: the registry must not count a connection that nobody serves.
                server.Connections.Leave(connection);
                connection.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is SocketException or OutOfMemoryException)
        {
            Log.ConnectionRefused(server.Logger, peer ?? EndPoint, error.Message);
            accepted.Dispose();
        }
    }
}

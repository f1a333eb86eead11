using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Diagnostics;
using Lunaria.Iscsi.Sessions;

namespace Lunaria.Iscsi.Transport;

/// <summary>The portals of a server and their change while it runs. Owned by the <see cref="IscsiServer"/>; changes wait for each other.</summary>
internal sealed class PortalSet(ServerContext server) : IAsyncDisposable
{
    private readonly SemaphoreSlim turn = new(1);
    private readonly CancellationTokenSource stopping = new();
    private List<PortalListener> listeners = [];

    /// <summary>Listens on all of them, or on none: throws <see cref="SocketException"/>.</summary>
    public void Open(IReadOnlyList<IPEndPoint> portals) => Serve([], Bind(portals));

    /// <summary>
    /// Listens on these from now on. Where one cannot be had, everything is as it was and <see cref="SocketException"/> is thrown. Hosts at an address that is no portal
    /// any more are asked to log out; what is left of their connections is closed after <see cref="IscsiServerOptions.DrainTimeout"/>. Other connections notice nothing.
    /// </summary>
    public async Task ChangeAsync(IReadOnlyList<IPEndPoint> portals)
    {
        await turn.WaitAsync(stopping.Token);
        try
        {
            List<IPEndPoint> wanted = [.. portals];
            ILookup<bool, PortalListener> stays = listeners.ToLookup(listener => wanted.Remove(listener.Portal));
            // First: an address of its own and a wildcard cannot both be had.
            foreach (PortalListener listener in stays[false]) await listener.StopAsync();
            List<PortalListener> opened;
            try
            {
                opened = Bind(wanted);
            }
            catch
            {
                Serve(stays[true], [.. stays[false].Select(Reopen).OfType<PortalListener>()]);
                throw;
            }
            Serve(stays[true], opened);
            Connection[] left = [.. server.Connections.Snapshot().Where(connection => !server.Portals.Any(portal => PortalAddress.Covers(portal, connection.Local)))];
            Drain(left, "its portal is no portal any more");
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Asks the hosts of these connections to log out; what is left after <see cref="IscsiServerOptions.DrainTimeout"/> is closed.</summary>
    public void Drain(Connection[] left, string reason)
    {
        if (left.Length > 0) _ = DrainAsync(left, reason);
    }

    /// <summary>Listens no more; completes when no further connection can come.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await turn.WaitAsync();
        foreach (PortalListener listener in listeners) await listener.StopAsync();
        listeners = [];
        stopping.Dispose();
        turn.Dispose();
    }

    private List<PortalListener> Bind(IReadOnlyList<IPEndPoint> portals)
    {
        List<PortalListener> bound = [];
        try
        {
            foreach (IPEndPoint portal in portals) bound.Add(new(server, portal));
            return bound;
        }
        catch
        {
            foreach (PortalListener listener in bound) listener.Dispose();
            throw;
        }
    }

    private void Serve(IEnumerable<PortalListener> before, List<PortalListener> opened)
    {
        listeners = [.. before, .. opened];
        server.Portals = [.. listeners.Select(listener => listener.EndPoint)];
        foreach (PortalListener listener in opened) listener.Start();
    }

    /// <summary>Listens again where it did; null where that cannot be had any more.</summary>
    private PortalListener? Reopen(PortalListener before)
    {
        try
        {
            return new(server, before.Portal, before.EndPoint);
        }
        catch (SocketException error)
        {
            Log.PortalLost(server.Logger, before.EndPoint, error.Message);
            return null;
        }
    }

    private async Task DrainAsync(Connection[] left, string reason)
    {
        foreach (Connection connection in left) connection.Inbox.Post(new(MessageKind.Drain, null));
        try
        {
            await Task.Delay(server.Options.DrainTimeout, server.Time, stopping.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        foreach (Connection connection in left) connection.Inbox.Post(new(MessageKind.Close, reason));
    }
}

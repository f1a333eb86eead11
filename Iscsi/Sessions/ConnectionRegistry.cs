using System.Net;

namespace Lunaria.Iscsi.Sessions;

/// <summary>All connections of a server, and the limits on their number. Any thread.</summary>
internal sealed class ConnectionRegistry(IscsiServerOptions options)
{
    private readonly Lock gate = new();
    private readonly HashSet<Connection> all = [];
    private readonly HashSet<ConnectionInbox> loggedIn = [];
    private readonly LinkedList<ConnectionInbox> halfOpen = new();
    private readonly Dictionary<IPAddress, int> perAddress = [];
    private readonly List<(int Count, TaskCompletionSource Done)> waiting = [];

    public int Count
    {
        get
        {
            lock (gate) return all.Count;
        }
    }

    public Connection[] Snapshot()
    {
        lock (gate) return [.. all];
    }

    /// <summary>Enters a new connection; null = accepted, else why not. A full list of half-open connections loses its oldest.</summary>
    public string? TryEnter(Connection connection)
    {
        ConnectionInbox? oldest = null;
        lock (gate)
        {
            int fromAddress = perAddress.GetValueOrDefault(connection.PeerAddress);
            if (fromAddress >= options.MaxConnectionsPerAddress) return $"{fromAddress} connections from this address are the limit";
            if (halfOpen.Count >= options.MaxHalfOpenConnections)
            {
                oldest = halfOpen.First!.Value;
                halfOpen.RemoveFirst();
            }
            all.Add(connection);
            halfOpen.AddLast(connection.Inbox);
            perAddress[connection.PeerAddress] = fromAddress + 1;
        }
        oldest?.Post(new(MessageKind.Close, "too many connections have not logged in, and this one was the oldest"));
        return null;
    }

    /// <summary>
    /// The connection has finished its negotiation; false = as many as there may be are logged in. One that <paramref name="replaces"/> others takes the place of
    /// one of them, which is told to close afterwards: a host that comes back need not wait until its dead connection is noticed.
    /// </summary>
    public bool TryLogIn(ConnectionInbox connection, IEnumerable<ConnectionInbox> replaces)
    {
        lock (gate)
        {
            if (loggedIn.Count >= options.MaxConnections && !replaces.Any(loggedIn.Remove)) return false;
            halfOpen.Remove(connection);
            return loggedIn.Add(connection);
        }
    }

    public void Leave(Connection connection)
    {
        lock (gate)
        {
            if (!all.Remove(connection)) return;
            halfOpen.Remove(connection.Inbox);
            loggedIn.Remove(connection.Inbox);
            int left = perAddress[connection.PeerAddress] - 1;
            if (left == 0) perAddress.Remove(connection.PeerAddress);
            else perAddress[connection.PeerAddress] = left;
            foreach ((int count, TaskCompletionSource done) in waiting)
                if (all.Count <= count) done.TrySetResult();
            waiting.RemoveAll(waiter => waiter.Done.Task.IsCompleted);
        }
    }

    /// <summary>Completes once no more than <paramref name="count"/> connections are left, with their sessions and buffers gone.</summary>
    public Task WhenAtMostAsync(int count)
    {
        lock (gate)
        {
            if (all.Count <= count) return Task.CompletedTask;
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add((count, done));
            return done.Task;
        }
    }
}

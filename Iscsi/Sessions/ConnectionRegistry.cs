namespace Lunaria.Iscsi.Sessions;

/// <summary>All connections of a server, and the limits on their number. Any thread.</summary>
internal sealed class ConnectionRegistry(IscsiServerOptions options)
{
    private readonly Lock gate = new();
    private readonly HashSet<Connection> all = [];
    private readonly HashSet<ConnectionInbox> loggedIn = [];
    private readonly LinkedList<ConnectionInbox> halfOpen = new();
    private readonly AddressPlaces places = new(options.MaxConnectionsPerAddress);
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

    /// <summary>Enters a new connection. A full list of half-open connections loses its oldest.</summary>
    public void Enter(Connection connection)
    {
        ConnectionInbox? oldest = null, shownOut;
        lock (gate)
        {
            if (halfOpen.Count >= options.MaxHalfOpenConnections)
            {
                oldest = halfOpen.First!.Value;
                halfOpen.RemoveFirst();
            }
            all.Add(connection);
            halfOpen.AddLast(connection.Inbox);
            shownOut = places.Enter(connection.Inbox, connection.PeerAddress);
        }
        oldest?.Post(new(MessageKind.Close, "too many connections have not logged in, and this one was the oldest"));
        shownOut?.Post(new(MessageKind.Close, "its address has as many connections as it may, and others came after this one"));
    }

    /// <summary>
    /// The connection has finished its negotiation; false = as many as there may be are logged in, of all or of its address. One that <paramref name="replaces"/> others takes the place of
    /// one of them, which is told to close afterwards: a host that comes back need not wait until its dead connection is noticed.
    /// </summary>
    public bool TryLogIn(ConnectionInbox connection, IEnumerable<ConnectionInbox> replaces)
    {
        ConnectionInbox[] replaced = [.. replaces];
        lock (gate)
        {
            bool isFull = loggedIn.Count >= options.MaxConnections;
            if ((isFull && !replaced.Any(loggedIn.Contains)) || !places.TryLogIn(connection, replaced)) return false;
            if (isFull) loggedIn.Remove(replaced.First(loggedIn.Contains));
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
            places.Leave(connection.Inbox);
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

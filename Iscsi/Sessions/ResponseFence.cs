using System.Collections.Immutable;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// The response fence of a session whose TaskReporting asks for it (RFC 7143 4.2.2.3.3): one response at a time that waits until everything sent before it,
/// on all connections, is acknowledged, and behind which nothing is sent until it is acknowledged itself. Owned by the session; any thread.
/// </summary>
internal sealed class ResponseFence
{
    private readonly Lock gate = new();
    private readonly HashSet<ConnectionInbox> unacknowledged = [];
    private ConnectionInbox? owner;
    private object? raised;
    private volatile bool isUp;

    /// <summary>True while responses must be held back. Who holds one back because of it hears <see cref="MessageKind.FenceLowered"/> afterwards.</summary>
    public bool IsUp => isUp;

    /// <summary>
    /// Puts the fence before a response of <paramref name="by"/>, which hears <see cref="MessageKind.FencePassed"/> when that may be sent. Returns what stands for
    /// this time, and is the subject of its messages; null = the fence is up already, for another response.
    /// </summary>
    public object? TryRaise(ConnectionInbox by, ImmutableArray<SessionConnection> connections)
    {
        object time = new();
        lock (gate)
        {
            if (isUp) return null;
            isUp = true;
            owner = by;
            raised = time;
            foreach (SessionConnection one in connections) unacknowledged.Add(one.Inbox);
        }
        foreach (SessionConnection one in connections) one.Inbox.Post(new(MessageKind.FenceRaised, time));
        return time;
    }

    /// <summary>
    /// What <paramref name="connection"/> had sent when the fence was raised <paramref name="time"/> (null = now) is acknowledged. Does nothing where that has been
    /// said before.
    /// </summary>
    public void Acknowledged(ConnectionInbox connection, object? time)
    {
        ConnectionInbox? told;
        lock (gate)
        {
            time ??= raised;
            if (time != raised || !unacknowledged.Remove(connection) || unacknowledged.Count > 0) return;
            told = owner;
        }
        told?.Post(new(MessageKind.FencePassed, time));
    }

    /// <summary>The response of <paramref name="by"/> is acknowledged, or will not be sent. True = the fence was its, and is down.</summary>
    public bool TryLower(ConnectionInbox by)
    {
        lock (gate)
        {
            if (owner != by) return false;
            owner = null;
            raised = null;
            unacknowledged.Clear();
            isUp = false;
            return true;
        }
    }
}

using System.Collections.Immutable;
using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>What came of a connection's wish to join a session.</summary>
internal enum JoinOutcome
{
    Joined,
    /// <summary>The session or a connection of it must do something first; the inbox hears <see cref="MessageKind.SessionChanged"/>.</summary>
    Waits,
    /// <summary>There are as many connections as were agreed on.</summary>
    Full,
    /// <summary>The session has ended.</summary>
    Gone,
}

/// <summary>One connection of a session. Immutable.</summary>
internal sealed record SessionConnection(ushort ConnectionId, ConnectionInbox Inbox);

/// <summary>
/// One session: the I_T nexus and what its connections share. It lives as long as it has a connection, or one that waits to take the place
/// of another. Any thread.
/// </summary>
internal sealed class Session(LoginIdentity identity, CommandWindow window, SessionParameters parameters)
{
    private readonly Lock gate = new();
    private readonly List<ConnectionInbox> waiting = [];
    private readonly HashSet<ConnectionInbox> joining = [];
    private ImmutableArray<SessionConnection> connections = [], suspended = [];
    private bool ended;

    /// <summary>Of the connection that began the session.</summary>
    public LoginIdentity Identity { get; } = identity;

    /// <summary>What the login of the first connection agreed on.</summary>
    public SessionParameters Parameters { get; } = parameters;

    /// <summary>Set at the end of the login; null for a discovery session.</summary>
    public ItNexus? Nexus { get; set; }

    public CommandWindow Window { get; } = window;

    /// <summary>Keeps responses in order across connections; null where TaskReporting is RFC3720.</summary>
    public ResponseFence? Fence { get; } = parameters.FencesResponses ? new() : null;

    /// <summary>Target session identifying handle, never 0.</summary>
    public ushort Tsih { get; set; }

    /// <summary>Where the host's first connection comes from; set when the log-in is over.</summary>
    public EndPoint? Peer { get; set; }

    /// <summary>The portal it came in by; set when the log-in is over.</summary>
    public EndPoint? Portal { get; set; }

    /// <summary>When the log-in ended.</summary>
    public DateTimeOffset Began { get; init; }

    /// <summary>The connections now.</summary>
    public ImmutableArray<SessionConnection> Connections
    {
        get
        {
            lock (gate) return connections;
        }
    }

    /// <summary>The connections that are lost, and whose tasks wait for another one.</summary>
    public ImmutableArray<SessionConnection> Suspended
    {
        get
        {
            lock (gate) return suspended;
        }
    }

    /// <summary>All that may have tasks: <see cref="Connections"/> and <see cref="Suspended"/>.</summary>
    public ImmutableArray<SessionConnection> Holders
    {
        get
        {
            lock (gate) return connections.AddRange(suspended);
        }
    }

    /// <summary>True where the initiator has closed all connections, and nothing is left to be done or to be taken over by another one: it ends at once.</summary>
    public bool IsForsaken => Parameters.ErrorRecoveryLevel < 2 && Window.IsWideOpen && Holders is { IsEmpty: false } all && all.All(one => one.Inbox.IsForsaken);

    /// <summary>Completes when the session is over and its commands are gone.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Adds a connection (RFC 7143 6.3.1). One with the same CID is told to close first (connection reinstatement, 6.3.4), and before the
    /// second one comes the first makes the command window shared.
    /// </summary>
    public JoinOutcome TryJoin(ushort connectionId, ConnectionInbox inbox)
    {
        ConnectionMessage message;
        ConnectionInbox other;
        lock (gate)
        {
            if (ended) return JoinOutcome.Gone;
            if (connections.FirstOrDefault(one => one.ConnectionId == connectionId) is SessionConnection old)
            {
                MessageKind end = Parameters.ErrorRecoveryLevel == 2 ? MessageKind.Suspend : MessageKind.Close;
                (other, message) = (old.Inbox, new(end, "the initiator has logged in anew with its CID (connection reinstatement)"));
            }
            else if (connections.Length >= Parameters.MaxConnections)
            {
                return JoinOutcome.Full;
            }
            else if (connections.Length == 0 || Window.IsShared)
            {
                joining.Remove(inbox);
                connections = connections.Add(new(connectionId, inbox));
                foreach (SessionConnection one in suspended) one.Inbox.Post(new(MessageKind.SessionChanged, null));
                return JoinOutcome.Joined;
            }
            else
            {
                (other, message) = (connections[0].Inbox, new(MessageKind.ShareWindow, null));
            }
            joining.Add(inbox);
            waiting.Add(inbox);
        }
        other.Post(message);
        return JoinOutcome.Waits;
    }

    /// <summary>A connection that waits to join is gone.</summary>
    public void CancelJoin(ConnectionInbox inbox)
    {
        lock (gate)
        {
            waiting.Remove(inbox);
            if (!joining.Remove(inbox) || !IsOver()) return;
        }
        End();
    }

    /// <summary>A connection is lost, but keeps its tasks for another one until it leaves.</summary>
    public void Suspend(ConnectionInbox inbox)
    {
        lock (gate)
        {
            suspended = suspended.AddRange(connections.Where(one => one.Inbox == inbox));
            connections = connections.RemoveAll(one => one.Inbox == inbox);
        }
        Window.Forget(inbox);
        LeaveFence(inbox);
        Changed();
    }

    /// <summary>A connection and its commands are gone; with the last one the session ends.</summary>
    public void Leave(ConnectionInbox inbox)
    {
        bool last;
        lock (gate)
        {
            connections = connections.RemoveAll(one => one.Inbox == inbox);
            suspended = suspended.RemoveAll(one => one.Inbox == inbox);
            last = IsOver();
        }
        Window.Forget(inbox);
        LeaveFence(inbox);
        if (last) End();
        else Changed();
    }

    /// <summary>Something that others may wait for has happened.</summary>
    public void Changed()
    {
        ConnectionInbox[] told;
        lock (gate)
        {
            told = [.. waiting];
            waiting.Clear();
        }
        foreach (ConnectionInbox one in told) one.Post(new(MessageKind.SessionChanged, null));
    }

    /// <summary>A login that replaces this session hears of its end; false = it has ended already.</summary>
    public bool TryAwaitEnd(ConnectionInbox inbox)
    {
        lock (gate)
        {
            if (ended) return false;
            if (!waiting.Contains(inbox)) waiting.Add(inbox);
            return true;
        }
    }

    /// <summary>Tells each connection but one, and those that are lost.</summary>
    public void Post(ConnectionMessage message, ConnectionInbox? except = null)
    {
        foreach (SessionConnection one in Holders)
            if (one.Inbox != except)
                one.Inbox.Post(message);
    }

    /// <summary>Ends the commands of the session on a LUN field without a response; completes when they are gone (PREEMPT AND ABORT). Any thread.</summary>
    public ValueTask AbortTasksAsync(ulong lun)
    {
        ImmutableArray<SessionConnection> all = Holders;
        if (all.IsEmpty) return ValueTask.CompletedTask;
        AbortOperation operation = new(TaskManagementFunction.AbortTaskSet, lun, BasicHeader.ReservedTag, all.Length, asker: null);
        foreach (SessionConnection one in all) one.Inbox.Post(new(MessageKind.Abort, operation));
        return new(operation.Done);
    }

    /// <summary>The response that <paramref name="inbox"/> had put the fence before is acknowledged, or will not be sent.</summary>
    public void LowerFence(ConnectionInbox inbox)
    {
        if (!Fence!.TryLower(inbox)) return;
        foreach (SessionConnection one in Connections) one.Inbox.Post(new(MessageKind.FenceLowered, null));
    }

    private void LeaveFence(ConnectionInbox inbox)
    {
        if (Fence is null) return;
        Fence.Acknowledged(inbox, null);
        LowerFence(inbox);
    }

    private bool IsOver() => !ended && connections.IsEmpty && suspended.IsEmpty && joining.Count == 0 && (ended = true);

    private void End()
    {
        try
        {
            if (Nexus is not null) Identity.Target!.DeviceServer.Detach(Nexus);
        }
        finally
        {
            // Whatever went wrong, the initiator must be able to come back.
            Identity.Target?.Sessions.Leave(this);
            Ended.SetResult();
            Changed();
        }
    }
}

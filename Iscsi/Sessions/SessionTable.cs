namespace Lunaria.Iscsi.Sessions;

/// <summary>What came of a new session's wish to enter the table.</summary>
internal enum EnterOutcome
{
    Entered,
    /// <summary>An old session has to go first; the inbox hears <see cref="MessageKind.SessionChanged"/>.</summary>
    Waits,
    /// <summary>The target has as many sessions as it may.</summary>
    Full,
}

/// <summary>The live sessions of one target by initiator port (name and ISID). Any thread.</summary>
internal sealed class SessionTable
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string InitiatorName, ulong Isid), Session> sessions = [];
    private ushort lastTsih;

    /// <summary>
    /// Enters a session and gives it a TSIH. Where one of the same initiator port is there, it is told to close (session
    /// reinstatement, RFC 7143 6.3.5), and <paramref name="inbox"/> hears of its end and tries again.
    /// </summary>
    public EnterOutcome TryEnter(Session session, ConnectionInbox inbox, int maxSessions)
    {
        Session? old;
        do
        {
            lock (gate)
            {
                if (!sessions.TryGetValue(Key(session), out old))
                {
                    if (sessions.Count >= maxSessions) return EnterOutcome.Full;
                    session.Tsih = NextTsih();
                    sessions.Add(Key(session), session);
                    return EnterOutcome.Entered;
                }
            }
        }
        while (!old.TryAwaitEnd(inbox));
        old.Post(new(MessageKind.Close, "the initiator has logged in anew (session reinstatement)"));
        return EnterOutcome.Waits;
    }

    /// <summary>
    /// True = a session that the initiator of a new one has forsaken is about to end, and <paramref name="inbox"/> hears of it: what it held (reservations, prevented removal) is not
    /// in the way of a host that comes back with another ISID, however late its old connection's thread is.
    /// </summary>
    public bool TryAwaitForsaken(string initiatorName, ConnectionInbox inbox)
    {
        foreach (Session session in Snapshot())
        {
            if (session.Identity.InitiatorName != initiatorName || !session.IsForsaken || !session.TryAwaitEnd(inbox)) continue;
            session.Post(new(MessageKind.Close, "the initiator has closed the connection"));
            return true;
        }
        return false;
    }

    /// <summary>Closes every session; completes when their commands are gone.</summary>
    public async Task CloseAllAsync(string reason)
    {
        foreach (Session session in Snapshot())
        {
            session.Post(new(MessageKind.Drop, reason));
            await session.Ended.Task;
        }
    }

    /// <summary>The session is over and its commands are gone.</summary>
    public void Leave(Session session)
    {
        lock (gate) sessions.Remove(Key(session));
    }

    /// <summary>The session of an initiator port; null = there is none.</summary>
    public Session? Find(string initiatorName, ulong isid)
    {
        lock (gate) return sessions.GetValueOrDefault((initiatorName, isid));
    }

    /// <summary>The session that a further connection wants to join; null = there is none.</summary>
    public Session? Find(string initiatorName, ulong isid, ushort tsih)
    {
        return Find(initiatorName, isid) is Session session && session.Tsih == tsih ? session : null;
    }

    /// <summary>The sessions now.</summary>
    public Session[] Snapshot()
    {
        lock (gate) return [.. sessions.Values];
    }

    private static (string, ulong) Key(Session session) => (session.Identity.InitiatorName, session.Identity.Isid);

    private ushort NextTsih()
    {
        do lastTsih++;
        while (lastTsih == 0 || sessions.Values.Any(session => session.Tsih == lastTsih));
        return lastTsih;
    }
}

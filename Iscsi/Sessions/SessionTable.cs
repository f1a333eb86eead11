namespace Lunaria.Iscsi.Sessions;

/// <summary>The live sessions of one target by initiator port (name and ISID). Any thread.</summary>
internal sealed class SessionTable
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string InitiatorName, ulong Isid), Session> sessions = [];
    private ushort lastTsih;

    /// <summary>
    /// Enters a session and gives it a TSIH. False when one of the same initiator port is there: it is told to close (session
    /// reinstatement, RFC 7143 6.3.5), and <paramref name="inbox"/> hears of its end and tries again.
    /// </summary>
    public bool TryEnter(Session session, ConnectionInbox inbox)
    {
        Session? old;
        do
        {
            lock (gate)
            {
                if (!sessions.TryGetValue(Key(session), out old))
                {
                    session.Tsih = NextTsih();
                    sessions.Add(Key(session), session);
                    return true;
                }
            }
        }
        while (!old.TryAwaitEnd(inbox));
        old.Post(new(MessageKind.Close, "the initiator has logged in anew (session reinstatement)"));
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

    /// <summary>The session that a further connection wants to join; null = there is none.</summary>
    public Session? Find(string initiatorName, ulong isid, ushort tsih)
    {
        lock (gate) return sessions.TryGetValue((initiatorName, isid), out Session? session) && session.Tsih == tsih ? session : null;
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

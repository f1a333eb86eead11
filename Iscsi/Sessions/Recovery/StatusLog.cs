using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions.Recovery;

/// <summary>
/// What a connection with ErrorRecoveryLevel 1 or 2 has to be able to send again: each PDU with a status until the initiator's ExpStatSN
/// acknowledges it (RFC 7143 4.2.2.2), and with it the command whose data may be asked for. The connection's thread only.
/// </summary>
internal sealed class StatusLog
{
    /// <summary>An initiator that acknowledges none of so many has given up.</summary>
    private const int MaxEntries = 8192;

    private readonly Queue<SentStatus> sent = new();
    private readonly Stack<SentStatus> free = new();
    private int answeredBefore;

    /// <summary>What has not been acknowledged, oldest first.</summary>
    public IReadOnlyCollection<SentStatus> All => sent;

    /// <summary>The PDU sent last; only while none has been acknowledged since.</summary>
    public SentStatus? Last { get; private set; }

    /// <summary>Keeps a copy. Throws <see cref="IscsiProtocolException"/> where the initiator acknowledges nothing.</summary>
    public void Add(uint statSN, ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        if (sent.Count >= MaxEntries) throw new IscsiProtocolException($"{sent.Count} responses have not been acknowledged");
        SentStatus entry = free.TryPop(out SentStatus? pooled) ? pooled : new();
        entry.Set(statSN, header, data);
        sent.Enqueue(entry);
        Last = entry;
    }

    /// <summary>The next entry that <paramref name="expStatSN"/> acknowledges: its command is over now.</summary>
    public bool TryAcknowledge(uint expStatSN, uint nextStatSN, out Command? over)
    {
        over = null;
        if (sent.Count == 0 || SerialNumber.IsBefore(nextStatSN, expStatSN) || !SerialNumber.IsBefore(sent.Peek().StatSN, expStatSN)) return false;
        SentStatus entry = sent.Dequeue();
        if (answeredBefore > 0) answeredBefore--;
        over = entry.Answered;
        entry.Answered = null;
        if (ReferenceEquals(entry, Last)) Last = null;
        free.Push(entry);
        return true;
    }

    public SentStatus? Find(uint statSN) => sent.FirstOrDefault(entry => entry.StatSN == statSN);

    /// <summary>The answered command with this task tag; null = none, or its data is gone.</summary>
    public SentStatus? FindTask(uint initiatorTaskTag) => sent.FirstOrDefault(entry => entry.Answered?.InitiatorTaskTag == initiatorTaskTag);

    /// <summary>True while the status of a task with this tag is not acknowledged, whether its data is still here or not.</summary>
    public bool HasAnswerTo(uint initiatorTaskTag) => sent.Any(entry => new BasicHeader(entry.Header).InitiatorTaskTag == initiatorTaskTag);

    /// <summary>Gives up the oldest data that could be asked for again: memory is short. False = there is none.</summary>
    public bool TryGiveUp(out Command? command)
    {
        command = null;
        foreach (SentStatus entry in sent.Skip(answeredBefore))
        {
            answeredBefore++;
            if (entry.Answered is not { Buffer: not null }) continue;
            command = entry.Answered;
            entry.Answered = null;
            return true;
        }
        return false;
    }

    /// <summary>Takes the command out of its entry: another connection has it from now on.</summary>
    public static Command Detach(SentStatus entry)
    {
        Command command = entry.Answered!;
        entry.Answered = null;
        return command;
    }
}

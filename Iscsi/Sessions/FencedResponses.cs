using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Sessions;

/// <summary>A response that is held back: of a command, or of a task management function.</summary>
/// <param name="Command">Null for a task management function.</param>
/// <param name="InitiatorTaskTag">Of the request.</param>
/// <param name="Response">Of a task management function.</param>
/// <param name="NeedsFence">True where nothing may overtake it, and it nothing.</param>
internal sealed record HeldResponse(Command? Command, uint InitiatorTaskTag, TaskManagementResponse Response, bool NeedsFence);

/// <summary>
/// What one connection does for the <see cref="ResponseFence"/> of its session: holds its responses back while the fence is up, watches what the initiator has
/// acknowledged, and asks for it (RFC 7143 4.2.2.3.3). The connection's thread only.
/// </summary>
internal sealed class FencedResponses(Session session, ResponseFence fence, PduSender sender, ConnectionInbox inbox)
{
    private readonly LinkedList<HeldResponse> held = new();
    private uint acknowledged = sender.StatSN - 1;
    private uint? before, own;
    private object? beforeTime, fencedTime;
    private HeldResponse? fenced;

    /// <summary>True while no response may be sent past those that are held.</summary>
    public bool Holds => held.Count > 0 || fence.IsUp;

    /// <summary>Keeps the response of a command if it must wait.</summary>
    public bool TryHold(Command command) => TryHold(new HeldResponse(command, command.InitiatorTaskTag, default, NeedsFence(command.Task)));

    /// <summary>Keeps a response if it must wait.</summary>
    public bool TryHold(HeldResponse response)
    {
        if (!Holds && !(response.NeedsFence && IsShared)) return false;
        held.AddLast(response);
        if (held.Count == 1 && response.NeedsFence) Raise(response);
        return true;
    }

    /// <summary>The next response that may be sent now.</summary>
    public HeldResponse? Next()
    {
        if (fence.IsUp || held.First?.Value is not HeldResponse next) return null;
        if (next.NeedsFence && IsShared)
        {
            Raise(next);
            return null;
        }
        held.RemoveFirst();
        return next;
    }

    /// <summary>All that was held, for whoever ends the connection.</summary>
    public HeldResponse[] TakeAll()
    {
        HeldResponse[] all = [.. held];
        held.Clear();
        return all;
    }

    /// <summary>The command has been aborted: it has no response.</summary>
    public void Forget(Command command)
    {
        if (held.FirstOrDefault(one => one.Command == command) is not HeldResponse response) return;
        held.Remove(response);
        if (response == fenced) Lower();
    }

    /// <summary>A connection has put up the fence: what was sent here before must be acknowledged. True = the initiator is to be asked for it.</summary>
    public bool Raised(object time)
    {
        beforeTime = time;
        before = sender.StatSN;
        return !Look();
    }

    /// <summary>All that was sent before the response of this connection is acknowledged: the one that may be sent now; null = it has gone meanwhile.</summary>
    public HeldResponse? Passed(object time)
    {
        if (fenced is null || time != fencedTime) return null;
        HeldResponse response = fenced;
        fenced = null;
        held.Remove(response);
        return response;
    }

    /// <summary>The response of <see cref="Passed"/> has been sent: the fence stays until it is acknowledged.</summary>
    public void Sent() => own = sender.StatSN;

    /// <summary>Takes note of ExpStatSN.</summary>
    public void Acknowledge(uint expStatSN)
    {
        acknowledged = expStatSN;
        if (before is not null || own is not null) Look();
    }

    private bool IsShared => session.Connections.Length > 1;

    /// <summary>The list of RFC 7143 4.2.2.3.4, without ACA: the first word of an abort by others, and the end of PREEMPT AND ABORT.</summary>
    private static bool NeedsFence(ScsiTask task) => task.Status switch
    {
        ScsiStatus.CheckCondition => task.Sense is { Key: SenseKey.UnitAttention, Code: 0x29 or 0x2F },
        ScsiStatus.Good => task.Cdb.OperationCode == 0x5F && (task.Cdb.Span[1] & 0x1F) == 5,
        _ => false,
    };

    private void Raise(HeldResponse response)
    {
        fencedTime = fence.TryRaise(inbox, session.Connections);
        if (fencedTime is not null) fenced = response;
    }

    private void Lower()
    {
        fenced = null;
        session.LowerFence(inbox);
    }

    /// <summary>True when nothing is waited for any more.</summary>
    private bool Look()
    {
        if (before is uint first && !SerialNumber.IsBefore(acknowledged, first))
        {
            before = null;
            fence.Acknowledged(inbox, beforeTime);
        }
        if (own is uint last && !SerialNumber.IsBefore(acknowledged, last))
        {
            own = null;
            Lower();
        }
        return before is null && own is null;
    }
}

using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// Logouts of all kinds (RFC 7143 11.14, 11.15). One that is about other connections of the session is answered when those are gone. One at
/// a time. The connection's thread only.
/// </summary>
internal sealed class LogoutRequests(Session session, SessionParameters parameters, ushort connectionId, PduSender sender, ConnectionInbox inbox)
{
    private Request? pending;

    /// <summary>True when the logout asks for the tasks of this connection to be kept for another one.</summary>
    public bool KeepsTasks { get; private set; }

    /// <summary>True once the answer to a logout of this connection is on its way: the connection is to be closed.</summary>
    public bool IsLoggedOut { get; private set; }

    /// <summary>Handles a request whose turn has come.</summary>
    public void Handle(PduFrame frame)
    {
        LogoutRequestHeader header = new(frame.Header);
        if (pending is not null)
        {
            sender.Reject(RejectReason.ProtocolError, frame.HeaderBytes);
            return;
        }
        Request request = new(header.Reason, header.ConnectionId, header.Basic.InitiatorTaskTag);
        switch (request.Reason)
        {
            case LogoutReason.CloseSession:
                session.Post(new(MessageKind.Close, "logout of the session"), except: inbox);
                break;
            case LogoutReason.CloseConnection when Find(request.ConnectionId) is ConnectionInbox one:
                if (one != inbox) one.Post(new(MessageKind.Close, "logout on another connection"));
                break;
            case LogoutReason.CloseConnection:
                Respond(request, LogoutResponse.CidNotFound);
                return;
            case LogoutReason.RemoveConnectionForRecovery when parameters.ErrorRecoveryLevel < 2 || session.Nexus is null:
                Respond(request, LogoutResponse.RecoveryNotSupported);
                return;
            case LogoutReason.RemoveConnectionForRecovery when Find(request.ConnectionId) is ConnectionInbox lost:
                if (lost != inbox) lost.Post(new(MessageKind.Suspend, "logout on another connection, for recovery"));
                break;
            case LogoutReason.RemoveConnectionForRecovery when session.Suspended.Any(one => one.ConnectionId == request.ConnectionId):
                break;
            case LogoutReason.RemoveConnectionForRecovery:
                Respond(request, LogoutResponse.CidNotFound);
                return;
            default:
                sender.Reject(RejectReason.InvalidPduField, frame.HeaderBytes);
                return;
        }
        pending = request;
        Continue();
    }

    /// <summary>Answers the request that waits, if what it waits for has happened; else this connection hears of the next change of the session.</summary>
    public void Continue()
    {
        if (pending is not Request request) return;
        // First asked to be told, then looked: so no change is missed.
        session.TryAwaitEnd(inbox);
        if (!IsDone(request)) return;
        pending = null;
        Respond(request, LogoutResponse.Closed);
    }

    private bool IsDone(Request request) => request.Reason == LogoutReason.CloseSession
        ? session.Holders.All(one => one.Inbox == inbox)
        : Find(request.ConnectionId) is not ConnectionInbox other || other == inbox;

    private ConnectionInbox? Find(ushort id) => session.Connections.FirstOrDefault(one => one.ConnectionId == id)?.Inbox;

    private void Respond(Request request, LogoutResponse response)
    {
        CodeResponseHeader header = new(sender.Begin(Opcode.LogoutResponse, request.InitiatorTaskTag));
        header.Code = (byte)response;
        header.Time2Wait = (ushort)parameters.DefaultTime2WaitSeconds;
        // Below ErrorRecoveryLevel 2 no task outlives its connection.
        header.Time2Retain = (ushort)(parameters.ErrorRecoveryLevel < 2 ? 0 : parameters.DefaultTime2RetainSeconds);
        sender.EndWithStatus();
        KeepsTasks = request.Reason == LogoutReason.RemoveConnectionForRecovery;
        IsLoggedOut = response == LogoutResponse.Closed && (request.Reason == LogoutReason.CloseSession || request.ConnectionId == connectionId);
    }

    private sealed record Request(LogoutReason Reason, ushort ConnectionId, uint InitiatorTaskTag);
}

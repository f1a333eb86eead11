using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// A connection during its login: feeds the <see cref="LoginNegotiation"/>, makes the session at its end, and waits where an old session
/// of the same initiator port has to go first. The connection's thread only.
/// </summary>
internal sealed class LoginPhase(ServerContext server, IPAddress peer, IPEndPoint local, PduSender sender, ConnectionInbox inbox)
{
    private readonly LoginNegotiation negotiation = new(server.LoginFrom(peer, local));
    private LoginReply? held;
    private SessionParameters? agreed;
    private Session? session;
    private uint firstCmdSN;
    private bool begun, counted, waited, entered;
    private readonly byte[] lastRequest = new byte[BasicHeader.LengthBytes];

    public ParameterNegotiation Parameters => negotiation.Parameters;

    /// <summary>What the login agreed on; known once it is complete.</summary>
    public SessionParameters Agreed => agreed!;

    public LoginIdentity? Identity => negotiation.Identity;

    /// <summary>The initiator as it calls itself; null before it has.</summary>
    public string? InitiatorName => negotiation.InitiatorName;

    /// <summary>Not Success when the login was refused: the response is in the send buffer, the connection ends.</summary>
    public LoginStatus Refused { get; private set; }

    /// <summary>True while the last response waits for an old session to end; nothing may be received.</summary>
    public bool IsWaiting => held is not null;

    /// <summary>Handles a PDU; not null = the login is complete and its response in the send buffer.</summary>
    public Session? Handle(PduFrame frame)
    {
        BasicHeader header = frame.Basic;
        if (!begun)
        {
            begun = true;
            firstCmdSN = header.CmdSN;
            sender.Window = new(firstCmdSN, server.Options.CommandWindow);
        }
        frame.Header.CopyTo(lastRequest);
        LoginReply reply = header.Opcode == Opcode.LoginRequest
            ? negotiation.Process(frame.Header, frame.Data.Span)
            : LoginReply.Refuse(frame.Header, LoginStatus.InvalidDuringLogin);
        if (reply.Outcome != LoginOutcome.Complete)
        {
            Send(reply);
            if (reply.Outcome == LoginOutcome.Failed) Refuse(reply.Status);
            return null;
        }
        held = reply;
        return Complete();
    }

    /// <summary>
    /// Makes the session, or joins the one the login named; null = something has to happen first, and this is to be called again when the session
    /// has changed, or the login is <see cref="Refused"/>.
    /// </summary>
    public Session? Complete()
    {
        LoginIdentity identity = negotiation.Identity!;
        agreed ??= new(negotiation.Parameters, identity.Joins?.Parameters);
        LoginStatus status = !counted && !(counted = server.Connections.TryLogIn(inbox, Replaced(identity))) ? LoginStatus.OutOfResources
            : identity.Joins is null ? Begin(identity) : Join(identity.Joins, identity.ConnectionId);
        if (status != LoginStatus.Success)
        {
            Refuse(status);
            Send(LoginReply.Refuse(held!.Header, status));
            held = null;
            return null;
        }
        if (!entered) return null;
        LoginReply reply = held!;
        held = null;
        new LoginResponseHeader(reply.Header).Tsih = session!.Tsih;
        Send(reply);
        return session;
    }

    /// <summary>A defect of the target has ended the login: the host is told.</summary>
    public void Fail()
    {
        if (!begun || Refused != LoginStatus.Success) return;
        Refuse(LoginStatus.TargetError);
        Send(LoginReply.Refuse(lastRequest, LoginStatus.TargetError));
    }

    /// <summary>The connection ends before its login is over.</summary>
    public void Abandon()
    {
        if (entered) session!.Leave(inbox);
        else negotiation.Identity?.Joins?.CancelJoin(inbox);
    }

    /// <summary>The connections that go when this login is let in: of its CID in a session that is there, of its initiator port for a new one (RFC 7143 6.3.4, 6.3.5).</summary>
    private static IEnumerable<ConnectionInbox> Replaced(LoginIdentity identity)
    {
        Session? session = identity.Joins ?? identity.Target?.Sessions.Find(identity.InitiatorName, identity.Isid);
        IEnumerable<SessionConnection> all = session is null ? [] : session.Holders;
        return all.Where(one => identity.Joins is null || one.ConnectionId == identity.ConnectionId).Select(one => one.Inbox);
    }

    private LoginStatus Begin(LoginIdentity identity)
    {
        session ??= new(identity, sender.Window!, agreed!) { Began = server.Time.GetUtcNow() };
        if (identity.Target is IscsiTarget target)
        {
            if (target.Sessions.TryAwaitForsaken(identity.InitiatorName, inbox)) return LoginStatus.Success;
            // A session that replaces one has its place, whoever else has come meanwhile.
            switch (target.Sessions.TryEnter(session, inbox, waited ? int.MaxValue : server.Options.MaxSessionsPerTarget))
            {
                case EnterOutcome.Waits:
                    waited = true;
                    return LoginStatus.Success;
                case EnterOutcome.Full:
                    return LoginStatus.OutOfResources;
            }
            session.Nexus = new(identity.InitiatorName, identity.Isid, target.Port) { FollowsNexusLoss = waited, AbortTasks = session.AbortTasksAsync };
            // Whoever denied it meanwhile, or moved the target, may not have seen this session: it ends with this connection.
            LoginStatus late = !target.IsAt(local) ? LoginStatus.NotFound : target.ShowLuns(session) ? LoginStatus.Success : LoginStatus.AuthorizationFailure;
            if (late != LoginStatus.Success)
            {
                entered = session.TryJoin(identity.ConnectionId, inbox) == JoinOutcome.Joined;
                return late;
            }
            target.DeviceServer.Attach(session.Nexus);
        }
        else
        {
            session.Tsih = 1;
        }
        entered = session.TryJoin(identity.ConnectionId, inbox) == JoinOutcome.Joined;
        return LoginStatus.Success;
    }

    private LoginStatus Join(Session joined, ushort connectionId)
    {
        switch (joined.TryJoin(connectionId, inbox))
        {
            case JoinOutcome.Gone:
                return LoginStatus.SessionDoesNotExist;
            case JoinOutcome.Full:
                return LoginStatus.TooManyConnections;
            case JoinOutcome.Joined:
                session = joined;
                sender.Window = joined.Window;
                entered = true;
                break;
        }
        return LoginStatus.Success;
    }

    private void Refuse(LoginStatus status)
    {
        Refused = status;
        if (status is LoginStatus.TargetMovedTemporarily or LoginStatus.TargetMovedPermanently) return;
        server.LoginRefused(peer, negotiation.InitiatorName, negotiation.TargetName, status, negotiation.IsGuess(status));
    }

    private void Send(LoginReply reply)
    {
        Span<byte> header = sender.Begin(Opcode.LoginResponse, 0, reply.Text.Length);
        reply.Header.CopyTo(header);
        new BasicHeader(header).DataSegmentLengthBytes = reply.Text.Length;
        reply.Text.Span.CopyTo(sender.Data);
        sender.EndWithStatus();
    }
}

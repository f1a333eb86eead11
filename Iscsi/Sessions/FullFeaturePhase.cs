using System.Diagnostics.CodeAnalysis;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// A connection after its login: CmdSN order and dispatch of every PDU type (RFC 7143 11). The connection's thread only.
/// </summary>
internal sealed class FullFeaturePhase
{
    /// <summary>In how many seconds an initiator that is asked to log out is expected to (RFC 7143 11.9.1).</summary>
    private const ushort LogoutWithinSeconds = 3;

    private readonly Session session;
    private readonly SessionParameters parameters;
    private readonly PduSender sender;
    private readonly CommandTable commands;
    private readonly CommandProcessor? processor;
    private readonly TaskManager? taskManager;
    private readonly TextRequests text;
    private readonly DeferredPdus deferred;
    private readonly LogoutRequests logouts;
    private readonly ConnectionInbox inbox;
    private string? dropReason;
    private bool sharesWindow;
    private uint pingTag;

    public FullFeaturePhase(
        ServerContext server, Session session, ushort connectionId, ParameterNegotiation negotiation, SessionParameters parameters,
        PduSender sender, ConnectionInbox inbox, Func<IReadOnlyList<string>> addresses)
    {
        this.session = session;
        this.inbox = inbox;
        ConnectionId = connectionId;
        this.parameters = parameters;
        this.sender = sender;
        commands = new(inbox, server.Pool, server.Options.MaxConnectionBufferBytes);
        text = new(server, session, parameters, negotiation, sender, addresses);
        deferred = new(server.Options.MaxConnectionBufferBytes);
        logouts = new(session, parameters, connectionId, sender, inbox);
        if (session.Identity.Target is not IscsiTarget target) return;
        processor = new(target.DeviceServer, session, parameters, commands, sender, server.Logger);
        taskManager = new(session, commands, processor, sender, inbox);
    }

    public Session Session => session;

    /// <summary>CID.</summary>
    public ushort ConnectionId { get; }

    /// <summary>Not null once the connection is to be closed when all has been sent.</summary>
    public string? EndReason => logouts.IsLoggedOut ? "logout" : dropReason;

    /// <summary>True while commands wait for data or their medium.</summary>
    public bool HasCommands => commands.Count > 0;

    /// <summary>Handles one PDU. Its data may be incomplete only where <see cref="MayStream"/> said so; then <paramref name="streaming"/> takes the rest.</summary>
    public void Handle(PduFrame frame, out Command? streaming)
    {
        streaming = null;
        BasicHeader header = frame.Basic;
        if (header.Opcode == Opcode.DataOut)
        {
            if (!deferred.IsEmpty && deferred.IsDataOfDeferred(header.InitiatorTaskTag)) deferred.Add(frame, 0);
            else processor?.HandleDataOut(frame);
            return;
        }
        // Without a task tag a NOP-Out answers a ping or only tells ExpStatSN: it is outside the CmdSN order.
        if (header.Opcode == Opcode.SnackRequest || (header.Opcode == Opcode.NopOut && header.InitiatorTaskTag == BasicHeader.ReservedTag))
        {
            Dispatch(frame, out streaming);
            return;
        }
        switch (session.Window.Take(header, inbox))
        {
            case CommandOrder.Now:
                Dispatch(frame, out streaming);
                break;
            case CommandOrder.Later:
                if (!deferred.Contains(header.CmdSN)) deferred.Add(frame, header.CmdSN);
                break;
        }
    }

    /// <summary>Handles PDUs whose turn has come because those before them have been handled.</summary>
    public void HandleDeferred()
    {
        while (!deferred.IsEmpty && deferred.TryFind(session.Window.ExpCmdSN, out DeferredPdu? next))
        {
            if (session.Window.Take(next.Frame.Basic, inbox) != CommandOrder.Now) return;
            Dispatch(next.Frame, out _);
            foreach (DeferredPdu data in deferred.Remove(next)) processor?.HandleDataOut(data.Frame);
        }
    }

    /// <summary>True for a PDU that may be handled before its data is complete: a command that is next in order.</summary>
    public bool MayStream(BasicHeader header) => processor is not null && header.Opcode == Opcode.ScsiCommand
        && session.Window.Judge(header.CmdSN, header.Immediate) == CommandOrder.Now;

    /// <summary>A Data-Out whose data is not complete: true = accepted, and the data belongs into <paramref name="destination"/>.</summary>
    public bool TryBeginDataOutStream(DataOutHeader header, [NotNullWhen(true)] out Command? command, out Memory<byte> destination)
    {
        command = null;
        destination = default;
        return processor is not null && processor.TryBeginDataOutStream(header, out command, out destination);
    }

    /// <summary>The data that was streamed is complete.</summary>
    public void EndStream(Command command, Opcode opcode, bool final)
    {
        command.IsStreaming = false;
        if (opcode == Opcode.ScsiCommand) processor!.ImmediateDataArrived(command);
        else processor!.ContinueTransfer(command, final);
    }

    /// <summary>Handles a message of another thread.</summary>
    public void Handle(ConnectionMessage message)
    {
        switch (message.Kind)
        {
            case MessageKind.CommandCompleted:
                processor!.Completed((Command)message.Subject!);
                break;
            case MessageKind.Abort:
                processor!.CommitWrites();
                taskManager!.Abort((AbortOperation)message.Subject!);
                break;
            case MessageKind.AbortCompleted:
                taskManager!.Aborted((AbortOperation)message.Subject!);
                break;
            case MessageKind.FunctionCompleted:
                taskManager!.Completed((AbortOperation)message.Subject!);
                break;
            case MessageKind.Drain:
                RequestLogout();
                break;
            case MessageKind.Drop:
                Tell(AsyncEvent.SessionDropped, (ushort)parameters.DefaultTime2WaitSeconds);
                dropReason = (string)message.Subject!;
                break;
            case MessageKind.ConnectionDropped:
                Tell(AsyncEvent.ConnectionDropped, (ushort)parameters.DefaultTime2WaitSeconds, (ushort)message.Subject!);
                break;
            case MessageKind.ShareWindow:
                sharesWindow = true;
                break;
            case MessageKind.SessionChanged:
                logouts.Continue();
                break;
            case MessageKind.TurnCame:
                HandleDeferred();
                break;
        }
    }

    /// <summary>All that was received has been handled: what was collected is written and answered, the window opens.</summary>
    public void EndBatch()
    {
        processor?.CommitWrites();
        processor?.Resume();
        processor?.CommitWrites();
        if (sharesWindow) ShareWindow();
        // Nothing else may be due that would tell the initiator of the open window.
        if (session.Window.Update(commands.OrderedCount, commands.IsShortOfMemory)) TellWindow();
    }

    /// <summary>Lets the other connections of the session use its command window.</summary>
    private void ShareWindow()
    {
        if (processor is { MayShareWindow: false }) return;
        sharesWindow = false;
        session.Window.Share(commands.CountInWindow());
        session.Changed();
    }

    private void TellWindow()
    {
        BasicHeader header = new(sender.Begin(Opcode.NopIn, BasicHeader.ReservedTag));
        header.TargetTransferTag = BasicHeader.ReservedTag;
        sender.EndNamingStatSN();
    }

    /// <summary>Asks the initiator for a sign of life (RFC 7143 11.19).</summary>
    public void Ping()
    {
        if (++pingTag == BasicHeader.ReservedTag) pingTag = 0;
        BasicHeader header = new(sender.Begin(Opcode.NopIn, BasicHeader.ReservedTag));
        header.TargetTransferTag = pingTag;
        sender.EndNamingStatSN();
    }

    /// <summary>The connection is over: every command ends without a response; those the medium works on end later.</summary>
    public void AbortAll()
    {
        processor?.AbandonWrites();
        foreach (Command command in commands.All.ToArray())
        {
            command.IsStreaming = false;
            processor!.Abort(command);
        }
    }

    private void Dispatch(PduFrame frame, out Command? streaming)
    {
        streaming = null;
        switch (frame.Basic.Opcode)
        {
            case Opcode.ScsiCommand when processor is not null:
                processor.HandleCommand(frame, out streaming);
                break;
            case Opcode.TaskManagementRequest when taskManager is not null:
                processor!.CommitWrites();
                taskManager.Handle(frame);
                break;
            case Opcode.NopOut:
                AnswerPing(frame);
                break;
            case Opcode.TextRequest:
                text.Handle(frame);
                break;
            case Opcode.LogoutRequest:
                processor?.CommitWrites();
                logouts.Handle(frame);
                break;
            case Opcode.SnackRequest:
                // ErrorRecoveryLevel 0 keeps nothing to send again.
                sender.Reject(RejectReason.SnackReject, frame.HeaderBytes);
                break;
            case Opcode.LoginRequest:
                throw new IscsiProtocolException("a Login Request came after the login");
            default:
                sender.Reject(RejectReason.CommandNotSupported, frame.HeaderBytes);
                break;
        }
    }

    private void AnswerPing(PduFrame frame)
    {
        BasicHeader request = frame.Basic;
        if (request.InitiatorTaskTag == BasicHeader.ReservedTag) return;
        int length = Math.Min(frame.Data.Length, Math.Min(parameters.PeerMaxRecvDataSegmentLength, sender.MaxDataLength));
        BasicHeader answer = new(sender.Begin(Opcode.NopIn, request.InitiatorTaskTag, length));
        answer.Lun = request.Lun;
        answer.TargetTransferTag = BasicHeader.ReservedTag;
        frame.Data.Span[..length].CopyTo(sender.Data);
        sender.EndWithStatus();
    }

    private void RequestLogout() => Tell(AsyncEvent.LogoutRequested, LogoutWithinSeconds);

    /// <summary>An Asynchronous Message (RFC 7143 11.9).</summary>
    private void Tell(AsyncEvent what, ushort seconds, ushort connection = 0)
    {
        AsyncMessageHeader header = new(sender.Begin(Opcode.AsyncMessage, BasicHeader.ReservedTag));
        header.Event = what;
        header.Parameter1 = connection;
        if (what == AsyncEvent.LogoutRequested) header.Parameter3 = seconds;
        else header.Parameter2 = seconds;
        sender.EndWithStatus();
    }
}

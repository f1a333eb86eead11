using System.Diagnostics.CodeAnalysis;
using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Sessions.Recovery;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// A connection after its login: CmdSN order and dispatch of every PDU type (RFC 7143 11). The connection's thread only.
/// </summary>
internal sealed class FullFeaturePhase
{
    /// <summary>In how many seconds an initiator that is asked to log out or to negotiate is expected to (RFC 7143 11.9.1).</summary>
    private const ushort AnswerWithinSeconds = 3;

    private readonly ServerContext server;
    private readonly Session session;
    private readonly SessionParameters parameters;
    private readonly PduSender sender;
    private readonly CommandTable commands;
    private readonly CommandProcessor? processor;
    private readonly TaskManager? taskManager;
    private readonly SnackRequests? snacks;
    private readonly FencedResponses? fences;
    private readonly TextRequests text;
    private readonly DeferredPdus deferred;
    private readonly LogoutRequests logouts;
    private readonly ConnectionInbox inbox;
    private string? dropReason;
    private long? negotiateBy;
    private bool sharesWindow;
    private uint pingTag;

    public FullFeaturePhase(
        ServerContext server, Session session, ushort connectionId, ParameterNegotiation negotiation, SessionParameters parameters,
        PduSender sender, ConnectionInbox inbox, IPEndPoint local)
    {
        this.server = server;
        this.session = session;
        this.inbox = inbox;
        ConnectionId = connectionId;
        this.parameters = parameters;
        this.sender = sender;
        if (parameters.ErrorRecoveryLevel > 0 && session.Identity.Target is not null) sender.Log = new();
        commands = new(inbox, server.Pool, server.Options.MaxConnectionBufferBytes) { Log = sender.Log };
        text = new(server, session, parameters, negotiation, sender, local);
        deferred = new(server.Options.MaxConnectionBufferBytes, server.Pool);
        logouts = new(session, parameters, connectionId, sender, inbox);
        if (session.Identity.Target is not IscsiTarget target) return;
        if (session.Fence is not null) fences = new(session, session.Fence, sender, inbox);
        processor = new(
            target.DeviceServer, session, parameters, commands, sender, fences, server.Pool, server.Time, server.Options, server.Logger);
        taskManager = new(session, parameters, commands, processor, sender, fences, deferred, inbox);
        snacks = new(commands, processor, sender);
        Recovers = parameters.ErrorRecoveryLevel > 0;
        // A command that was lost may come after a function that ends it: the shared window knows of such.
        if (Recovers && !session.Window.IsShared) session.Window.Share(0);
    }

    public Session Session => session;

    /// <summary>CID.</summary>
    public ushort ConnectionId { get; }

    /// <summary>Not null once the connection is to be closed when all has been sent.</summary>
    public string? EndReason => logouts.IsLoggedOut ? "logout" : dropReason;

    /// <summary>True while commands wait for data or their medium.</summary>
    public bool HasCommands => commands.Count > 0;

    /// <summary>True when lost PDUs are asked for again (ErrorRecoveryLevel 1 and 2).</summary>
    public bool Recovers { get; }

    /// <summary>True when the tasks outlive the connection, as it stands (ErrorRecoveryLevel 2).</summary>
    public bool KeepsTasks => parameters.ErrorRecoveryLevel == 2 && processor is not null && inbox.CloseReason is null && (EndReason is null || logouts.KeepsTasks);

    /// <summary>True while there are tasks for another connection to take over.</summary>
    public bool HasTasks => processor is { HasTasks: true };

    /// <summary>When the loop has to come round although nothing happens, milliseconds from now.</summary>
    public int NextDueMs
    {
        get
        {
            if (negotiateBy is not null) return AnswerWithinSeconds * 1000;
            if (processor is { AwaitsLastData: true }) return processor.LastDataDueMs;
            return Recovers && HasCommands ? (int)server.Options.DataRequestInterval.TotalMilliseconds : int.MaxValue;
        }
    }

    /// <summary>How long they wait for it.</summary>
    public TimeSpan RetentionTime => TimeSpan.FromSeconds(parameters.DefaultTime2WaitSeconds + parameters.DefaultTime2RetainSeconds);

    /// <summary>Handles one PDU. Its data may be incomplete only where <see cref="MayStream"/> said so; then <paramref name="streaming"/> takes the rest.</summary>
    public void Handle(PduFrame frame, out Command? streaming)
    {
        streaming = null;
        BasicHeader header = frame.Basic;
        if (Recovers) processor!.Acknowledge(header.ExpStatSN);
        fences?.Acknowledge(header.ExpStatSN);
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
            case CommandOrder.Now when header.Opcode == Opcode.TaskManagementRequest && header.Immediate && session.Window.IsFullOfFunctions:
                sender.Reject(RejectReason.ImmediateCommandReject, frame.HeaderBytes);
                break;
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
            CommandOrder order = session.Window.Take(next.Frame.Basic, inbox);
            if (order is not (CommandOrder.Now or CommandOrder.Ended)) return;
            if (order == CommandOrder.Now) Dispatch(next.Frame, out _);
            foreach (DeferredPdu data in deferred.DataOf(next)) processor?.HandleDataOut(data.Frame);
            deferred.Remove(next);
        }
    }

    /// <summary>A PDU came whose data digest is wrong: it is dropped, and the initiator told (RFC 7143 7.8).</summary>
    public void HandleSpoiled(PduFrame frame)
    {
        sender.Reject(RejectReason.DataDigestError, frame.HeaderBytes);
        if (frame.Basic.Opcode == Opcode.DataOut) processor?.HandleSpoiledDataOut(new(frame.Header));
    }

    /// <summary>True for a PDU that may be handled before its data is complete: a command that is next in order.</summary>
    public bool MayStream(BasicHeader header) => processor is not null && !Recovers && header.Opcode == Opcode.ScsiCommand
        && session.Window.Judge(header.CmdSN, header.Immediate) == CommandOrder.Now;

    /// <summary>A Data-Out whose data is not complete: true = accepted, and the data belongs into <paramref name="destination"/>.</summary>
    public bool TryBeginDataOutStream(DataOutHeader header, [NotNullWhen(true)] out Command? command, out Memory<byte> destination)
    {
        command = null;
        destination = default;
        return processor is not null && !Recovers && processor.TryBeginDataOutStream(header, out command, out destination);
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
                foreach (ulong lun in taskManager!.Abort((AbortOperation)message.Subject!)) TellTermination(lun);
                break;
            case MessageKind.AbortCompleted:
                taskManager!.Aborted((AbortOperation)message.Subject!);
                break;
            case MessageKind.FunctionCompleted:
                taskManager!.Completed((AbortOperation)message.Subject!);
                break;
            case MessageKind.Inquire:
                taskManager!.Answer((SessionInquiry)message.Subject!);
                break;
            case MessageKind.InquiryAnswered:
                taskManager!.Answered((SessionInquiry)message.Subject!);
                break;
            case MessageKind.FenceRaised:
                processor!.CommitWrites();
                if (fences!.Raised(message.Subject!)) Ping();
                break;
            case MessageKind.FencePassed:
                if (fences!.Passed(message.Subject!) is HeldResponse first) SendFenced(first);
                break;
            case MessageKind.FenceLowered:
                while (fences!.Next() is HeldResponse next) Send(next);
                break;
            case MessageKind.Drain:
                RequestLogout();
                break;
            case MessageKind.Negotiate:
                Tell(AsyncEvent.NegotiationRequested, AnswerWithinSeconds);
                negotiateBy = server.Time.GetTimestamp() + (AnswerWithinSeconds * server.Time.TimestampFrequency);
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

    /// <summary>The connection is lost, and its tasks wait for another one.</summary>
    public void Suspend()
    {
        foreach (Command command in commands.All) command.IsStreaming = false;
        processor!.Suspend();
    }

    /// <summary>Handles a message of another thread after <see cref="Suspend"/>.</summary>
    public void HandleSuspended(ConnectionMessage message)
    {
        if (message.Kind is MessageKind.CommandCompleted or MessageKind.Abort or MessageKind.Inquire) Handle(message);
        else ConnectionInbox.AnswerForNobody(message);
        processor!.Resume();
        processor.CommitWrites();
    }

    /// <summary>All that was received has been handled: what was collected is written and answered, the window opens.</summary>
    public void EndBatch()
    {
        processor?.CommitWrites();
        processor?.Resume();
        processor?.CommitWrites();
        if (Recovers) processor!.RequestOverdueData();
        if (processor is { AwaitsLastData: true }) processor.EndOverdue();
        if (negotiateBy is long latest && latest < server.Time.GetTimestamp()) dropReason = "the initiator did not negotiate when it was asked to";
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
        foreach (Command command in commands.All) command.IsStreaming = false;
        foreach (Command command in commands.All.ToArray()) processor!.Abort(command);
        processor?.StopAwaitingData();
        processor?.AbandonAnswers();
        deferred.Clear();
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
                negotiateBy = null;
                text.Handle(frame);
                break;
            case Opcode.LogoutRequest:
                processor?.CommitWrites();
                logouts.Handle(frame);
                break;
            case Opcode.SnackRequest:
                if (snacks is not null) snacks.Handle(frame);
                else sender.Reject(RejectReason.SnackReject, frame.HeaderBytes);
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

    private void Send(HeldResponse response)
    {
        if (response.Command is Command command) processor!.RespondNow(command);
        else taskManager!.RespondNow(response.InitiatorTaskTag, response.Response);
    }

    private void SendFenced(HeldResponse response)
    {
        Send(response);
        fences!.Sent();
        Ping();
    }

    /// <summary>The tasks of a logical unit that this connection had are over (RFC 7143 11.9.1, event 5).</summary>
    private void TellTermination(ulong lun)
    {
        AsyncMessageHeader header = new(sender.Begin(Opcode.AsyncMessage, BasicHeader.ReservedTag));
        header.Event = AsyncEvent.TasksTerminated;
        header.Basic.Lun = lun;
        sender.EndWithStatus();
    }

    private void RequestLogout() => Tell(AsyncEvent.LogoutRequested, AnswerWithinSeconds);

    /// <summary>An Asynchronous Message (RFC 7143 11.9).</summary>
    private void Tell(AsyncEvent what, ushort seconds, ushort connection = 0)
    {
        AsyncMessageHeader header = new(sender.Begin(Opcode.AsyncMessage, BasicHeader.ReservedTag));
        header.Event = what;
        header.Parameter1 = connection;
        if (what is AsyncEvent.LogoutRequested or AsyncEvent.NegotiationRequested)
        {
            header.Parameter3 = seconds;
        }
        else
        {
            header.Parameter2 = seconds;
            if (what == AsyncEvent.ConnectionDropped && parameters.ErrorRecoveryLevel == 2) header.Parameter3 = (ushort)parameters.DefaultTime2RetainSeconds;
        }
        sender.EndWithStatus();
    }
}

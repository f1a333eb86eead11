using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Sessions.Recovery;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// Task management functions of one connection (RFC 7143 11.5, 11.6). A response leaves only when the tasks it speaks of are gone, here
/// and on every other connection. The connection's thread only.
/// </summary>
internal sealed class TaskManager(
    Session session, SessionParameters parameters, CommandTable commands, CommandProcessor processor, PduSender sender, FencedResponses? fences, DeferredPdus deferred,
    ConnectionInbox inbox)
{
    private readonly IscsiTarget target = session.Identity.Target!;

    /// <summary>Handles a request whose turn has come. Writes that were collected must have been committed.</summary>
    public void Handle(PduFrame frame)
    {
        TaskManagementRequestHeader header = new(frame.Header);
        uint tag = header.Basic.InitiatorTaskTag;
        switch (header.Function)
        {
            case TaskManagementFunction.AbortTask:
                AbortTask(header);
                return;
            case TaskManagementFunction.AbortTaskSet:
            case TaskManagementFunction.ClearTaskSet:
            case TaskManagementFunction.LogicalUnitReset:
                if (target.DeviceServer.HasLogicalUnit(session.Nexus!, header.Basic.Lun)) Begin(header);
                else Respond(tag, TaskManagementResponse.LunDoesNotExist);
                return;
            case TaskManagementFunction.TargetWarmReset:
            case TaskManagementFunction.TargetColdReset:
                Begin(header);
                return;
            case TaskManagementFunction.TaskReassign:
                if (parameters.ErrorRecoveryLevel < 2) Respond(tag, TaskManagementResponse.ReassignmentNotSupported);
                else Inquire(header);
                return;
            case TaskManagementFunction.QueryTask or TaskManagementFunction.QueryTaskSet when parameters.ProtocolLevel >= 2:
                if (target.DeviceServer.HasLogicalUnit(session.Nexus!, header.Basic.Lun)) Inquire(header);
                else Respond(tag, TaskManagementResponse.LunDoesNotExist);
                return;
            case TaskManagementFunction.ITNexusReset when parameters.ProtocolLevel >= 2:
                Begin(header);
                return;
            case TaskManagementFunction.QueryAsynchronousEvent when parameters.ProtocolLevel >= 2:
                QueryAsynchronousEvent(header);
                return;
            default:
                Respond(tag, TaskManagementResponse.NotSupported);
                return;
        }
    }

    /// <summary>
    /// Another connection, or this one, wants commands to end. Returns the LUN fields to tell the initiator of: with FastAbort it stops its data for the tasks of
    /// these (RFC 7143 4.2.3.4), and what of it is on its way is dropped.
    /// </summary>
    public IReadOnlyCollection<ulong> Abort(AbortOperation operation)
    {
        AbortPart part = new(operation);
        HashSet<ulong> ended = [];
        bool isOwn = operation.Issuer == session;
        if (isOwn && !processor.IsSuspended)
            foreach (uint cmdSN in deferred.RemoveEnded(operation)) session.Window.TryGiveUp(cmdSN);
        foreach (Command command in commands.All.ToArray())
        {
            if (!operation.Matches(command, session)) continue;
            if (!command.Aborted) ended.Add(command.Task.LunField);
            End(command, part, awaitsData: isOwn && operation.IsMultiTask && !parameters.FastAborts);
        }
        part.Remove();
        bool tells = parameters.FastAborts && operation.IsMultiTask && operation.Asker is not null && operation.Asker != inbox && !processor.IsSuspended;
        return tells ? ended : [];
    }

    /// <summary>A connection of the session, maybe this one, asks about tasks.</summary>
    public void Answer(SessionInquiry inquiry)
    {
        switch (inquiry.Function)
        {
            case TaskManagementFunction.TaskReassign when processor.IsSuspended:
                processor.GiveTask(inquiry);
                break;
            case TaskManagementFunction.TaskReassign:
                inquiry.Answer(commands.TryFind(inquiry.ReferencedTag, out _) || sender.Log!.FindTask(inquiry.ReferencedTag) is not null);
                break;
            case TaskManagementFunction.QueryTask:
                inquiry.Answer(commands.TryFind(inquiry.ReferencedTag, out Command? command) && command.Task.LunField == inquiry.Lun);
                break;
            default:
                inquiry.Answer(commands.All.Any(one => one.Task.LunField == inquiry.Lun));
                break;
        }
    }

    /// <summary>All connections have answered.</summary>
    public void Answered(SessionInquiry inquiry)
    {
        if (inquiry.Function != TaskManagementFunction.TaskReassign)
        {
            Respond(inquiry.InitiatorTaskTag, inquiry.Found ? TaskManagementResponse.FunctionSucceeded : TaskManagementResponse.FunctionComplete);
            return;
        }
        TaskManagementResponse missing = inquiry.Found ? TaskManagementResponse.TaskStillAllegiant : TaskManagementResponse.TaskDoesNotExist;
        Respond(inquiry.InitiatorTaskTag, inquiry.Task is null ? missing : TaskManagementResponse.FunctionComplete);
        if (inquiry.Task is Command task) processor.Adopt(task, inquiry.ExpDataSN);
    }

    /// <summary>The commands are gone everywhere: now the device server does its part.</summary>
    public void Aborted(AbortOperation operation)
    {
        ValueTask effects = ApplyAsync(operation);
        if (!effects.IsCompleted) _ = FinishLaterAsync(effects, operation);
        else Finish(operation, effects);
    }

    /// <summary>Everything is done.</summary>
    public void Completed(AbortOperation operation)
    {
        // A cold reset ends the sessions: nothing comes that could overtake its answer.
        Respond(operation.InitiatorTaskTag, operation.Response, needsFence: operation.IsMultiTask && operation.Function != TaskManagementFunction.TargetColdReset);
        if (operation.Function != TaskManagementFunction.TargetColdReset) return;
        foreach (Session other in target.Sessions.Snapshot())
            other.Post(new(MessageKind.Drop, "an initiator has reset the target (TARGET COLD RESET)"));
    }

    private void AbortTask(TaskManagementRequestHeader header)
    {
        uint tag = header.Basic.InitiatorTaskTag;
        if (commands.TryFind(header.ReferencedTaskTag, out Command? command) && command.Task.LunField == header.Basic.Lun)
        {
            AbortOperation operation = new(header.Function, header.Basic.Lun, tag, 1, inbox);
            AbortPart part = new(operation);
            End(command, part, awaitsData: false);
            part.Remove();
            return;
        }
        // The task of a lost connection may be aborted from another one (RFC 7143 11.5.1).
        SessionConnection[] lost = [.. session.Suspended];
        if (lost.Length > 0)
        {
            AbortOperation operation = new(header.Function, header.Basic.Lun, tag, lost.Length, inbox) { ReferencedTag = header.ReferencedTaskTag };
            foreach (SessionConnection one in lost) one.Inbox.Post(new(MessageKind.Abort, operation));
            return;
        }
        // A command that has not arrived yet counts as aborted; its CmdSN will not come (RFC 7143 11.6.1).
        bool onItsWay = SerialNumber.IsBefore(header.RefCmdSN, header.Basic.CmdSN) && session.Window.TryGiveUp(header.RefCmdSN);
        Respond(tag, onItsWay ? TaskManagementResponse.FunctionComplete : TaskManagementResponse.TaskDoesNotExist);
    }

    private void Begin(TaskManagementRequestHeader header)
    {
        // ABORT TASK SET is about the tasks of this I_T nexus only, the others about everybody's.
        bool own = header.Function is TaskManagementFunction.AbortTaskSet or TaskManagementFunction.ITNexusReset;
        Session[] concerned = own ? [session] : target.Sessions.Snapshot();
        ConnectionInbox[] others = [.. concerned.SelectMany(one => one.Holders).Select(one => one.Inbox).Where(one => one != inbox)];
        // By one connection nothing is on its way: what is missing was lost, and is ended when it is sent again. A reset of the target waits for nothing.
        bool awaitsCommands = session.Connections.Length > 1 && header.Function is not (TaskManagementFunction.TargetWarmReset or TaskManagementFunction.TargetColdReset);
        // One part for each connection, and one for the commands that have not come.
        AbortOperation operation = new(header.Function, header.Basic.Lun, header.Basic.InitiatorTaskTag, others.Length + 2, inbox)
        {
            Issuer = session,
            CmdSN = header.Basic.CmdSN,
            AwaitsCommands = awaitsCommands,
        };
        // First of all: what comes from now on is ended by the window, what has come by the connection that has it.
        if (session.Window.EndLate(operation) || !operation.AwaitsCommands) operation.PartDone();
        foreach (ConnectionInbox other in others) other.Post(new(MessageKind.Abort, operation));
        Abort(operation);
    }

    private void Inquire(TaskManagementRequestHeader header)
    {
        SessionConnection[] all = [.. session.Holders];
        SessionInquiry inquiry = new(
            header.Function, header.Basic.Lun, header.Basic.InitiatorTaskTag, header.ReferencedTaskTag, header.ExpDataSN, all.Length, inbox);
        foreach (SessionConnection one in all)
        {
            if (one.Inbox == inbox) Answer(inquiry);
            else one.Inbox.Post(new(MessageKind.Inquire, inquiry));
        }
    }

    /// <summary>Whether a unit attention waits, and which (RFC 7144 5.4, SAM-5 7.12): depth and sense key, ASC, ASCQ.</summary>
    private void QueryAsynchronousEvent(TaskManagementRequestHeader request)
    {
        uint tag = request.Basic.InitiatorTaskTag;
        if (!target.DeviceServer.HasLogicalUnit(session.Nexus!, request.Basic.Lun))
        {
            Respond(tag, TaskManagementResponse.LunDoesNotExist);
            return;
        }
        (SenseData First, int Count)? pending = target.DeviceServer.PeekUnitAttention(session.Nexus!, request.Basic.Lun);
        CodeResponseHeader header = new(sender.Begin(Opcode.TaskManagementResponse, tag));
        header.Code = (byte)(pending is null ? TaskManagementResponse.FunctionComplete : TaskManagementResponse.FunctionSucceeded);
        if (pending is (SenseData first, int count))
        {
            header.Basic.Bytes[8] = (byte)((count > 1 ? 0x20 : 0x10) | (byte)first.Key);
            header.Basic.Bytes[9] = first.Code;
            header.Basic.Bytes[10] = first.Qualifier;
        }
        sender.EndWithStatus();
    }

    private void End(Command command, AbortPart part, bool awaitsData)
    {
        part.Add();
        (command.Aborts ??= []).Add(part);
        processor.Abort(command, awaitsData);
    }

    private async ValueTask ApplyAsync(AbortOperation operation)
    {
        switch (operation.Function)
        {
            case TaskManagementFunction.ClearTaskSet:
                target.DeviceServer.TaskSetCleared(session.Nexus!, operation.Lun);
                break;
            case TaskManagementFunction.LogicalUnitReset:
                bool found = await target.DeviceServer.LogicalUnitResetAsync(session.Nexus!, operation.Lun);
                if (!found) operation.Response = TaskManagementResponse.LunDoesNotExist;
                break;
            case TaskManagementFunction.AbortTask when !operation.Found && operation.ReferencedTag != 0:
                operation.Response = TaskManagementResponse.TaskDoesNotExist;
                break;
            case TaskManagementFunction.ITNexusReset:
                target.DeviceServer.NexusReset(session.Nexus!);
                break;
            case TaskManagementFunction.TargetWarmReset or TaskManagementFunction.TargetColdReset:
                await target.DeviceServer.TargetResetAsync(session.Nexus!);
                break;
        }
    }

    private async Task FinishLaterAsync(ValueTask effects, AbortOperation operation)
    {
        try
        {
            await effects;
        }
        catch (Exception)
        {
            operation.Response = TaskManagementResponse.FunctionRejected;
        }
        inbox.Post(new(MessageKind.FunctionCompleted, operation));
    }

    private void Finish(AbortOperation operation, ValueTask effects)
    {
        if (!effects.IsCompletedSuccessfully) operation.Response = TaskManagementResponse.FunctionRejected;
        Completed(operation);
    }

    private void Respond(uint initiatorTaskTag, TaskManagementResponse response, bool needsFence = false)
    {
        if (fences is null || !fences.TryHold(new HeldResponse(null, initiatorTaskTag, response, needsFence))) RespondNow(initiatorTaskTag, response);
    }

    /// <summary>Sends a response that was held back, or has no need to be.</summary>
    public void RespondNow(uint initiatorTaskTag, TaskManagementResponse response)
    {
        CodeResponseHeader header = new(sender.Begin(Opcode.TaskManagementResponse, initiatorTaskTag));
        header.Code = (byte)response;
        sender.EndWithStatus();
    }
}

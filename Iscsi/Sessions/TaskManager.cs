using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// Task management functions of one connection (RFC 7143 11.5, 11.6). A response leaves only when the tasks it speaks of are gone, here
/// and on every other connection. The connection's thread only.
/// </summary>
internal sealed class TaskManager(Session session, CommandTable commands, CommandProcessor processor, PduSender sender, ConnectionInbox inbox)
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
                Respond(tag, TaskManagementResponse.ReassignmentNotSupported);
                return;
            default:
                Respond(tag, TaskManagementResponse.NotSupported);
                return;
        }
    }

    /// <summary>Another connection, or this one, wants commands to end.</summary>
    public void Abort(AbortOperation operation)
    {
        AbortPart part = new(operation);
        foreach (Command command in commands.All.ToArray())
            if (operation.Matches(command))
                End(command, part);
        part.Remove();
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
        Respond(operation.InitiatorTaskTag, operation.Response);
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
            End(command, part);
            part.Remove();
            return;
        }
        // A command that has not arrived yet counts as aborted; its CmdSN will not come (RFC 7143 11.6.1).
        bool onItsWay = SerialNumber.IsBefore(header.RefCmdSN, header.Basic.CmdSN) && session.Window.TryGiveUp(header.RefCmdSN);
        Respond(tag, onItsWay ? TaskManagementResponse.FunctionComplete : TaskManagementResponse.TaskDoesNotExist);
    }

    private void Begin(TaskManagementRequestHeader header)
    {
        // ABORT TASK SET is about the tasks of this I_T nexus only, the others about everybody's.
        Session[] concerned = header.Function == TaskManagementFunction.AbortTaskSet ? [session] : target.Sessions.Snapshot();
        ConnectionInbox[] others = [.. concerned.SelectMany(one => one.Connections).Select(one => one.Inbox).Where(one => one != inbox)];
        AbortOperation operation = new(header.Function, header.Basic.Lun, header.Basic.InitiatorTaskTag, others.Length + 1, inbox);
        foreach (ConnectionInbox other in others) other.Post(new(MessageKind.Abort, operation));
        Abort(operation);
    }

    private void End(Command command, AbortPart part)
    {
        part.Add();
        (command.Aborts ??= []).Add(part);
        processor.Abort(command);
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

    private void Respond(uint initiatorTaskTag, TaskManagementResponse response)
    {
        CodeResponseHeader header = new(sender.Begin(Opcode.TaskManagementResponse, initiatorTaskTag));
        header.Code = (byte)response;
        sender.EndWithStatus();
    }
}

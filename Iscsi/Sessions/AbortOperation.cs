using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// A task management function that ends commands of several connections. Each connection ends its own and reports; when the last has,
/// the connection that asked hears of it, and <see cref="Done"/> completes. Any thread reports.
/// </summary>
internal sealed class AbortOperation(TaskManagementFunction function, ulong lun, uint initiatorTaskTag, int parts, ConnectionInbox? asker)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int open = parts;

    /// <summary>Completes when no connection has such a command any more.</summary>
    public Task Done => done.Task;

    public TaskManagementFunction Function { get; } = function;

    /// <summary>The connection whose initiator asked for it; null where a command did (PREEMPT AND ABORT).</summary>
    public ConnectionInbox? Asker { get; } = asker;

    /// <summary>The session of <see cref="Asker"/>.</summary>
    public Session? Issuer { get; init; }

    /// <summary>Of the request.</summary>
    public uint CmdSN { get; init; }

    /// <summary>True where commands before it that are still on their way by other connections must come before it is answered (RFC 7143 4.2.3.3).</summary>
    public bool AwaitsCommands { get; init; }

    /// <summary>True where the function may end many tasks, of other connections, too (RFC 7143 4.2.3.2).</summary>
    public bool IsMultiTask => Function is not TaskManagementFunction.AbortTask;

    /// <summary>LUN field as in the request.</summary>
    public ulong Lun { get; } = lun;

    public uint InitiatorTaskTag { get; } = initiatorTaskTag;

    /// <summary>ABORT TASK: the tag of the task, and whether a connection had it.</summary>
    public uint ReferencedTag { get; init; }
    public bool Found { get; private set; }

    /// <summary>What the answer will say; set by the connection that asked.</summary>
    public TaskManagementResponse Response { get; set; } = TaskManagementResponse.FunctionComplete;

    /// <summary>True for a command of <paramref name="session"/> that the function ends.</summary>
    public bool Matches(Command command, Session session)
    {
        bool matches = Function switch
        {
            TaskManagementFunction.AbortTask => command.Task.LunField == Lun && command.InitiatorTaskTag == ReferencedTag,
            // What its initiator has sent after it, by another connection, is not meant (RFC 7143 11.5.1).
            TaskManagementFunction.AbortTaskSet or TaskManagementFunction.ClearTaskSet when session == Issuer => command.Task.LunField == Lun && IsAfter(command),
            _ => IsOfTarget || command.Task.LunField == Lun,
        };
        if (matches) Found = true;
        return matches;
    }

    /// <summary>True for the header of a command of <see cref="Issuer"/> that the function ends although its turn has not come.</summary>
    public bool Matches(BasicHeader header) => header.Opcode == Opcode.ScsiCommand && !header.Immediate
        && SerialNumber.IsBefore(header.CmdSN, CmdSN) && (IsOfTarget || header.Lun == Lun);

    private bool IsOfTarget => Function is TaskManagementFunction.TargetWarmReset or TaskManagementFunction.TargetColdReset or TaskManagementFunction.ITNexusReset;

    private bool IsAfter(Command command) => command.Immediate ? !SerialNumber.IsBefore(CmdSN, command.CmdSN) : SerialNumber.IsBefore(command.CmdSN, CmdSN);

    /// <summary>One connection has no such command any more.</summary>
    public void PartDone()
    {
        if (Interlocked.Decrement(ref open) != 0) return;
        Asker?.Post(new(MessageKind.AbortCompleted, this));
        done.SetResult();
    }
}

/// <summary>The part of an <see cref="AbortOperation"/> on one connection: how many commands still have to go. Its thread only.</summary>
internal sealed class AbortPart(AbortOperation operation)
{
    private int left = 1;

    public void Add() => left++;

    /// <summary>A command is gone, or all have been counted.</summary>
    public void Remove()
    {
        if (--left == 0) operation.PartDone();
    }
}

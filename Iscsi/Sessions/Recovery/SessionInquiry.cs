using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions.Recovery;

/// <summary>
/// A task management function that asks every connection of a session about tasks: the queries of RFC 7144, and TASK REASSIGN, which takes
/// one away from a connection that is lost. Each connection answers; then the one that asked hears of it. Any thread.
/// </summary>
internal sealed class SessionInquiry(TaskManagementFunction function, ulong lun, uint initiatorTaskTag, uint referencedTag, uint expDataSN, int parts, ConnectionInbox asker)
{
    private int open = parts;
    private volatile bool found;
    private volatile Command? task;
    private BufferPool? pool;

    public TaskManagementFunction Function { get; } = function;

    /// <summary>LUN field as in the request.</summary>
    public ulong Lun { get; } = lun;

    /// <summary>Of the request.</summary>
    public uint InitiatorTaskTag { get; } = initiatorTaskTag;

    /// <summary>Of the task asked about.</summary>
    public uint ReferencedTag { get; } = referencedTag;

    /// <summary>TASK REASSIGN: Data-In PDUs before this one have arrived.</summary>
    public uint ExpDataSN { get; } = expDataSN;

    /// <summary>True when a connection has such a task; for TASK REASSIGN, a connection that is not lost.</summary>
    public bool Found => found;

    /// <summary>TASK REASSIGN: the task, which no connection has any more.</summary>
    public Command? Task => task;

    /// <summary>One connection has answered.</summary>
    public void Answer(bool hasTask)
    {
        if (hasTask) found = true;
        if (Interlocked.Decrement(ref open) == 0) asker.Post(new(MessageKind.InquiryAnswered, this));
    }

    /// <summary>One connection gives the task away; its buffer is of <paramref name="from"/>.</summary>
    public void GiveTask(Command command, BufferPool from)
    {
        pool = from;
        task = command;
        Answer(hasTask: false);
    }

    /// <summary>The connection that asked is gone, and the task with it.</summary>
    public void Abandon()
    {
        if (task?.Buffer is PooledBuffer buffer) pool!.Return(buffer);
        task = null;
    }
}

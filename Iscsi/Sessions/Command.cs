using System.Runtime.CompilerServices;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Sessions.Recovery;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>What a command waits for.</summary>
internal enum CommandState
{
    /// <summary>In the pool, or done within one call.</summary>
    None,
    /// <summary>A buffer of its own.</summary>
    WaitingForMemory,
    /// <summary>Its payload.</summary>
    CollectingData,
    /// <summary>Commands before it (task attribute ORDERED).</summary>
    Blocked,
    /// <summary>Its medium.</summary>
    Executing,
    /// <summary>Earlier responses to be acknowledged, before its own is sent (<see cref="ResponseFence"/>).</summary>
    Held,
    /// <summary>The initiator's acknowledgement of its status, or a connection that can send it (ErrorRecoveryLevel 1 and 2).</summary>
    Answered,
}

/// <summary>
/// A SCSI command in flight on a connection: the task of the device server and the state of its transfer. Pooled by the connection;
/// touched by its thread only, but for the completion of the medium, which does nothing but post it to the inbox.
/// </summary>
internal sealed class Command
{
    private readonly Action completion;
    private ConnectionInbox inbox;
    private ValueTaskAwaiter awaiter;

    public Command(ConnectionInbox inbox)
    {
        this.inbox = inbox;
        completion = Complete;
    }

    public ScsiTask Task { get; } = new();
    public CommandState State { get; set; }
    public uint CmdSN { get; set; }

    /// <summary>When it came, by <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long ArrivedTimestamp { get; set; }
    public bool Immediate { get; set; }

    /// <summary>Memory of its own: payload, or room for the answer.</summary>
    public PooledBuffer? Buffer { get; set; }

    /// <summary>How much of <see cref="Buffer"/> it needs.</summary>
    public int ReservedBytes { get; set; }

    /// <summary>The receive buffer its payload lies in, when it does.</summary>
    public ReceiveBuffer? Payload { get; set; }

    /// <summary>The transfer from the initiator; made at the first one of this object.</summary>
    public DataOutTransfer? DataOut { get; set; }

    /// <summary>Data-In that has been sent before the command had to wait, bytes, and the DataSN that follows.</summary>
    public int DataInSentBytes { get; set; }
    public uint NextDataSN { get; set; }

    /// <summary>DataSN of the first Data-In that the initiator still wants (TASK REASSIGN).</summary>
    public uint FirstDataSN { get; set; }

    /// <summary>Length of the data segments it was sent in, bytes, where they may have to be sent again.</summary>
    public int SegmentBytes { get; set; }

    /// <summary>Where the cut into segments begins, and the DataSN there: what was acknowledged before it was cut anew (R-Data SNACK) stays as it was.</summary>
    public int CutOffsetBytes { get; set; }
    public uint CutDataSN { get; set; }

    /// <summary>Data-In PDUs before this DataSN are acknowledged (DataACK), and the tag of the one that asked for it.</summary>
    public uint AcknowledgedDataSN { get; set; }
    public uint AcknowledgeTag { get; set; }

    /// <summary>Since when nothing of the data that was asked for has come (timestamp), and how often it was asked for in vain.</summary>
    public long DataExpectedSince { get; set; }
    public int DataRequests { get; set; }

    /// <summary>A connection that takes the task over once it is at rest (TASK REASSIGN); null = none.</summary>
    public SessionInquiry? Heir { get; set; }

    /// <summary>True when it must end without a response.</summary>
    public bool Aborted { get; set; }

    /// <summary>True when it is over but stays until its data has come: aborted (RFC 7143 4.2.3.3), or failed and to be answered then (11.4.2).</summary>
    public bool AwaitsLastData { get; set; }

    /// <summary>True while the <see cref="CommandTable"/> can find it.</summary>
    public bool IsEntered { get; set; }

    /// <summary>True while the shared command window of its session counts it.</summary>
    public bool IsCounted { get; set; }

    /// <summary>True while a payload is being received straight into <see cref="Buffer"/>: it must not be given back.</summary>
    public bool IsStreaming { get; set; }

    /// <summary>Aborts that wait for its end; null = none.</summary>
    public List<AbortPart>? Aborts { get; set; }

    public uint InitiatorTaskTag => Task.InitiatorTaskTag;

    /// <summary>Starts waiting; the inbox gets the command when <paramref name="execution"/> completes.</summary>
    public void Await(ValueTask execution)
    {
        awaiter = execution.GetAwaiter();
        awaiter.UnsafeOnCompleted(completion);
    }

    /// <summary>Takes the result of what was awaited; throws what the device server threw.</summary>
    public void TakeResult()
    {
        ValueTaskAwaiter done = awaiter;
        awaiter = default;
        done.GetResult();
    }

    /// <summary>True where Data-In PDUs of this run have been sent, all of it (0 = to the end), and none is acknowledged.</summary>
    public bool HasSent(uint first, uint count) =>
        !SerialNumber.IsBefore(first, AcknowledgedDataSN) && SerialNumber.IsBefore(first, NextDataSN) && count <= NextDataSN - first;

    /// <summary>Another connection has it from now on. Only while it waits for no medium.</summary>
    public void MoveTo(ConnectionInbox connection) => inbox = connection;

    private void Complete() => inbox.Post(new(MessageKind.CommandCompleted, this));

    /// <summary>Forgets the last use; buffers must be gone already.</summary>
    public void Reset()
    {
        State = CommandState.None;
        DataInSentBytes = 0;
        NextDataSN = 0;
        FirstDataSN = 0;
        SegmentBytes = CutOffsetBytes = 0;
        AcknowledgedDataSN = AcknowledgeTag = CutDataSN = 0;
        DataRequests = 0;
        Heir = null;
        Aborted = false;
        IsStreaming = false;
        IsEntered = false;
        Immediate = false;
        IsCounted = false;
        Task.DataIn = default;
        Task.DataOut = default;
        Aborts?.Clear();
        DataOut?.Reset();
    }
}

using System.Diagnostics;
using Lunaria.Iscsi.Diagnostics;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Transport;
using Microsoft.Extensions.Logging;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// SCSI commands of one connection from PDU to response: checks by the device server, payload, the two short cuts (read in place, write
/// in a batch), execution and waiting. The connection's thread only.
/// </summary>
internal sealed partial class CommandProcessor(
    DeviceServer device, Session session, SessionParameters parameters, CommandTable commands, PduSender sender, FencedResponses? fences, BufferPool pool,
    TimeProvider time, IscsiServerOptions options, ILogger logger)
{
    /// <summary>Immediate commands stand outside the window, so they have a limit of their own.</summary>
    private const int MaxImmediateCommands = 32;

    /// <summary>The priority of a command that has none: in the middle.</summary>
    private const byte DefaultPriority = 8;

    private readonly ResponseSender responses = new(sender, parameters, session.Window, commands);
    private readonly WriteBatch batch = new();
    private readonly Command[] committing = new Command[WriteBatch.MaxCommands];
    private readonly OrderedCommands ordered = new();

    /// <summary>
    /// A SCSI Command whose turn has come. Its data may not be complete (<see cref="PduFrame.IsComplete"/>): then the command has a buffer
    /// afterwards, and the rest goes there.
    /// </summary>
    public void HandleCommand(PduFrame frame, out Command? streaming)
    {
        streaming = null;
        ScsiCommandHeader header = new(frame.Header);
        if (Refusal(header, frame.AdditionalHeader) is RejectReason refusal)
        {
            if (!header.Basic.Immediate) session.Window.Ended();
            sender.Reject(refusal, frame.HeaderBytes);
            return;
        }
        Command command = commands.Rent();
        Fill(command, header);
        if (command.Task.Attribute == TaskAttribute.Ordered) CommitWrites();
        ScsiTask task = command.Task;
        bool prepared = device.Prepare(task);
        int immediateBytes = header.Basic.DataSegmentLengthBytes;
        if (prepared && CheckUnsolicited(header, immediateBytes) is SenseData wrong) prepared = task.Fail(wrong);
        // Where unsolicited data was not agreed on none follows, whatever the F bit says; what comes all the same is the error.
        bool final = header.Final || parameters.InitialR2T;
        if (!prepared) Refuse(command, immediateBytes, final);
        else if (task.Direction == DataDirection.Out) BeginDataOut(command, frame, final, out streaming);
        else BeginDataIn(command);
    }

    /// <summary>Writes what has been collected and answers it. Must be called before anything waits.</summary>
    public void CommitWrites()
    {
        if (batch.Count == 0) return;
        bool written = TryWriteBatch();
        int count = TakeBatch(), next = 0;
        try
        {
            while (next < count)
            {
                Command command = committing[next++];
                if (written) Respond(command);
                else Execute(command);
            }
        }
        finally
        {
            // Only when the connection has ended in the middle are there any left.
            while (next < count) Release(committing[next++]);
            Array.Clear(committing, 0, count);
        }
    }

    /// <summary>The connection is over: what has been collected is neither written nor answered, and nobody waits for it any more.</summary>
    public void AbandonWrites()
    {
        int count = TakeBatch();
        for (int i = 0; i < count; i++) Release(committing[i]);
        Array.Clear(committing, 0, count);
    }

    /// <summary>Goes on with commands that waited for memory, or for commands before them, if their time has come.</summary>
    public void Resume()
    {
        while (commands.TryResume(out Command? next)) Reserved(next);
        while (ordered.TryUnblock(commands, out Command? next)) Run(next);
    }

    /// <summary>The medium is done with a command that waited.</summary>
    public void Completed(Command command)
    {
        command.State = CommandState.None;
        try
        {
            command.TakeResult();
        }
        catch (Exception error)
        {
            FailUnexpectedly(command, error);
        }
        Respond(command);
    }

    /// <summary>True when nothing here would keep a command of another connection waiting unseen: no ORDERED command runs or waits.</summary>
    public bool MayShareWindow => ordered.IsIdle;

    /// <summary>Why the command cannot become a task at all; null = it can.</summary>
    private RejectReason? Refusal(ScsiCommandHeader header, ReadOnlySpan<byte> additional)
    {
        if (header.Basic.InitiatorTaskTag == BasicHeader.ReservedTag || (!header.Final && !header.Write)) return RejectReason.InvalidPduField;
        if (header.Basic.Immediate && commands.Count - commands.OrderedCount >= MaxImmediateCommands) return RejectReason.ImmediateCommandReject;
        if (!additional.IsEmpty && !AdditionalHeaders.AreValid(additional, header.Cdb[0])) return RejectReason.InvalidPduField;
        uint tag = header.Basic.InitiatorTaskTag;
        return commands.TryFind(tag, out _) || batch.Contains(tag) ? RejectReason.TaskInProgress : null;
    }

    private void Fill(Command command, ScsiCommandHeader header)
    {
        ScsiTask task = command.Task;
        task.Nexus = session.Nexus!;
        task.LunField = header.Basic.Lun;
        task.InitiatorTaskTag = header.Basic.InitiatorTaskTag;
        task.Attribute = (TaskAttribute)header.Attribute;
        task.Priority = parameters.ProtocolLevel >= 2 && header.Priority != 0 ? header.Priority : DefaultPriority;
        task.ReadFlag = header.Read;
        task.WriteFlag = header.Write;
        task.ExpectedDataTransferLength = header.ExpectedDataTransferLength;
        task.Cdb.Set(header.Cdb);
        command.ArrivedTimestamp = Stopwatch.GetTimestamp();
        command.CmdSN = header.Basic.CmdSN;
        command.Immediate = header.Basic.Immediate;
        command.IsCounted = !command.Immediate && session.Window.IsShared;
    }

    /// <summary>Unsolicited data that was not agreed on ends the command (RFC 7143 11.4.7.2).</summary>
    private SenseData? CheckUnsolicited(ScsiCommandHeader header, int immediateBytes)
    {
        if (immediateBytes == 0) return null;
        if (!parameters.ImmediateData || !header.Write || immediateBytes > parameters.FirstBurstLength) return TransportSense.UnexpectedUnsolicitedData;
        return (uint)immediateBytes > header.ExpectedDataTransferLength ? TransportSense.IncorrectAmountOfData : null;
    }

    private void BeginDataIn(Command command)
    {
        ScsiTask task = command.Task;
        if (task.Access == BlockAccess.Read && task.ReadFlag && !KeepsAnswers && fences is not { Holds: true } && ordered.MayPass(command, commands))
        {
            if (batch.Overlaps(task)) CommitWrites();
            if (TryReadInPlace(command)) return;
        }
        uint expected = task.Direction == DataDirection.In && task.ReadFlag ? task.ExpectedDataTransferLength : 0;
        Reserve(command, Math.Min(expected, (uint)task.DataInLengthMaxBytes));
    }

    /// <summary>The short cut of a READ; true = it is over.</summary>
    private bool TryReadInPlace(Command command)
    {
        bool ends = true;
        try
        {
            return ends = responses.TryReadInPlace(command);
        }
        finally
        {
            // Also where the connection has ended in the middle: the window of the session counts the command.
            if (ends) Release(command);
        }
    }

    /// <summary>
    /// Gets memory for a command of which nothing has come but its header, and goes on; without memory the command waits for some, and
    /// nothing else does.
    /// </summary>
    private void Reserve(Command command, long lengthBytes)
    {
        if (lengthBytes > BufferPool.MaxLengthBytes)
        {
            // The device server refuses transfers longer than its MAXIMUM TRANSFER LENGTH; this one has no such bound.
            command.Task.Fail(TransportSense.IncorrectAmountOfData);
            Respond(command);
            return;
        }
        command.ReservedBytes = (int)lengthBytes;
        if (lengthBytes == 0 || commands.TryReserve(command)) Reserved(command);
    }

    private void Reserved(Command command)
    {
        ScsiTask task = command.Task;
        if (task.Direction == DataDirection.Out)
        {
            command.State = CommandState.CollectingData;
            command.DataOut ??= new();
            command.DataOut.Begin(command.ReservedBytes, 0, final: true, parameters.FirstBurstLength);
            commands.Enter(command);
            if (!IsSuspended) SendR2Ts(command);
            return;
        }
        task.DataIn = command.ReservedBytes > 0 ? command.Buffer!.Array.AsMemory(0, command.ReservedBytes) : default;
        Start(command);
    }

    private void DataComplete(Command command, Memory<byte> payload)
    {
        command.Task.DataOut = payload;
        Start(command);
    }

    /// <summary>The command has all it needs: it goes its short cut, or is executed, or waits for the commands before it.</summary>
    private void Start(Command command)
    {
        if (ordered.MayPass(command, commands))
        {
            Run(command);
            return;
        }
        if (command.Payload is not null && !commands.TryMovePayload(command))
        {
            command.Task.Fail(ScsiStatus.TaskSetFull);
            Respond(command);
            return;
        }
        command.State = CommandState.Blocked;
        commands.Enter(command);
        ordered.Block(command);
    }

    private void Run(Command command)
    {
        ScsiTask task = command.Task;
        // An ordered command is on its own: were it part of a batch that has to wait, the rest of the batch would wait beside it.
        bool batchable = task.Access == BlockAccess.Write && task.Attribute != TaskAttribute.Ordered
            && task.DataOut.Length == task.LengthBytes && task.LengthBytes > 0;
        if (!batchable || !JoinBatch(command)) Execute(command);
    }

    private bool JoinBatch(Command command)
    {
        if (!batch.CanAdd(command.Task)) CommitWrites();
        if (!device.TryEnterShared(command.Task)) return false;
        batch.Add(command, command.Task.DataOut);
        return true;
    }

    private void Execute(Command command)
    {
        CommitWrites();
        command.State = CommandState.Executing;
        ordered.Started(command);
        try
        {
            ValueTask execution = device.ExecuteAsync(command.Task);
            if (execution.IsCompleted)
            {
                execution.GetAwaiter().GetResult();
            }
            else
            {
                commands.Enter(command);
                command.Await(execution);
                return;
            }
        }
        catch (Exception error)
        {
            FailUnexpectedly(command, error);
        }
        Respond(command);
    }

    private void FailUnexpectedly(Command command, Exception error)
    {
        Log.MediumThrew(logger, error, session.Identity.Target!.Name);
        command.Task.Fail(TransportSense.InternalTargetFailure);
    }

    private void Respond(Command command)
    {
        if (fences is not null && !command.Aborted && !IsSuspended && fences.TryHold(command))
        {
            ordered.Ended(command);
            command.State = CommandState.Held;
            commands.Enter(command);
            return;
        }
        RespondNow(command);
    }

    /// <summary>Sends the response of a command that was held back, or has no need to be.</summary>
    public void RespondNow(Command command)
    {
        if (command.State == CommandState.Held) command.State = CommandState.None;
        if (KeepsAnswers && !command.Aborted)
        {
            Answer(command);
            return;
        }
        try
        {
            if (!command.Aborted) responses.SendResult(command);
        }
        finally
        {
            Release(command);
        }
    }

    /// <summary>Empties the batch into <see cref="committing"/> and leaves the units it had entered; returns how many there are.</summary>
    private int TakeBatch()
    {
        int count = batch.Count;
        batch.Commands.CopyTo(committing);
        batch.Clear();
        for (int i = 0; i < count; i++) device.ExitShared(committing[i].Task);
        return count;
    }

    private bool TryWriteBatch()
    {
        try
        {
            return batch.TryWrite();
        }
        catch (Exception error)
        {
            Log.MediumThrew(logger, error, session.Identity.Target!.Name);
            return false;
        }
    }

    private void Release(Command command)
    {
        if (!command.Aborted) command.Task.Latency?.Record(command.ArrivedTimestamp);
        if (command.AwaitsLastData) ForgetLastData(command);
        ordered.Ended(command);
        EndCounting(command);
        commands.Release(command);
    }

    private void EndCounting(Command command)
    {
        if (!command.IsCounted) return;
        command.IsCounted = false;
        session.Window.Ended();
    }
}

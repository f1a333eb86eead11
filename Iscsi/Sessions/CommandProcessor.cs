using System.Diagnostics.CodeAnalysis;
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
internal sealed class CommandProcessor(
    DeviceServer device, Session session, SessionParameters parameters, CommandTable commands, PduSender sender, ILogger logger)
{
    /// <summary>Immediate commands stand outside the window, so they have a limit of their own.</summary>
    private const int MaxImmediateCommands = 32;

    private readonly ResponseSender responses = new(sender, parameters, session.Window, commands);
    private readonly WriteBatch batch = new();
    private readonly Command[] committing = new Command[WriteBatch.MaxCommands];
    private readonly OrderedCommands ordered = new();
    private uint lastTransferTag;

    /// <summary>
    /// A SCSI Command whose turn has come. Its data may not be complete (<see cref="PduFrame.IsComplete"/>): then the command has a buffer
    /// afterwards, and the rest goes there.
    /// </summary>
    public void HandleCommand(PduFrame frame, out Command? streaming)
    {
        streaming = null;
        ScsiCommandHeader header = new(frame.Header);
        if (header.Basic.InitiatorTaskTag == BasicHeader.ReservedTag || (!header.Final && !header.Write))
        {
            sender.Reject(RejectReason.InvalidPduField, frame.HeaderBytes);
            return;
        }
        if (header.Basic.Immediate && commands.Count - commands.OrderedCount >= MaxImmediateCommands)
        {
            sender.Reject(RejectReason.ImmediateCommandReject, frame.HeaderBytes);
            return;
        }
        if (commands.TryFind(header.Basic.InitiatorTaskTag, out _))
        {
            sender.Reject(RejectReason.TaskInProgress, frame.HeaderBytes);
            return;
        }
        Command command = commands.Rent();
        Fill(command, header);
        if (command.Task.Attribute == TaskAttribute.Ordered) CommitWrites();
        ScsiTask task = command.Task;
        bool prepared = device.Prepare(task);
        int immediateBytes = header.Basic.DataSegmentLengthBytes;
        if (prepared && CheckUnsolicited(header, immediateBytes) is SenseData wrong) prepared = task.Fail(wrong);
        if (!prepared)
        {
            Respond(command);
            return;
        }
        if (task.Direction == DataDirection.Out) BeginDataOut(command, frame, header.Final, out streaming);
        else BeginDataIn(command);
    }

    /// <summary>A Data-Out PDU whose data is complete.</summary>
    public void HandleDataOut(PduFrame frame)
    {
        DataOutHeader header = new(frame.Header);
        // Data of a command that has already ended, or never began, is dropped (RFC 7143 4.6.1.2: late data after an early status).
        if (!commands.TryFind(header.Basic.InitiatorTaskTag, out Command? command) || command.State != CommandState.CollectingData) return;
        int offset = command.DataOut!.ReceivedBytes;
        if (!command.DataOut.TryAccept(header, out int usefulBytes))
        {
            FailTransfer(command, TransportSense.DataPhaseError);
            return;
        }
        frame.Data.Span[..usefulBytes].CopyTo(command.Buffer!.Array.AsSpan(offset));
        ContinueTransfer(command, header.Basic.Final);
    }

    /// <summary>
    /// Accepts a Data-Out PDU before its data is complete: <paramref name="destination"/> is where it belongs. False = not possible,
    /// or not right; present the PDU again when it is complete.
    /// </summary>
    public bool TryBeginDataOutStream(DataOutHeader header, [NotNullWhen(true)] out Command? command, out Memory<byte> destination)
    {
        destination = default;
        if (!commands.TryFind(header.Basic.InitiatorTaskTag, out command) || command.State != CommandState.CollectingData) return false;
        int offset = command.DataOut!.ReceivedBytes, length = header.Basic.DataSegmentLengthBytes;
        if (offset + length > command.DataOut.TotalBytes || !command.DataOut.TryAccept(header, out _)) return false;
        destination = command.Buffer!.Array.AsMemory(offset, length);
        return true;
    }

    /// <summary>All data of a Data-Out PDU is in the command's buffer.</summary>
    public void ContinueTransfer(Command command, bool final)
    {
        if (command.Aborted)
        {
            Release(command);
            return;
        }
        DataOutTransfer transfer = command.DataOut!;
        if (transfer.IsComplete) DataComplete(command, command.Buffer!.Array.AsMemory(0, transfer.TotalBytes));
        else if (final) SendR2Ts(command);
    }

    /// <summary>All immediate data is in the command's buffer.</summary>
    public void ImmediateDataArrived(Command command) => ContinueTransfer(command, final: !command.DataOut!.IsUnsolicitedOpen);

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

    /// <summary>Ends a command without a response as soon as possible; one that the medium works on ends when that is done.</summary>
    public void Abort(Command command)
    {
        command.Aborted = command.Task.Aborted = true;
        if (command.State == CommandState.Executing || command.IsStreaming) return;
        if (command.State == CommandState.Blocked) ordered.Forget(command);
        Release(command);
    }

    private void Fill(Command command, ScsiCommandHeader header)
    {
        ScsiTask task = command.Task;
        task.Nexus = session.Nexus!;
        task.LunField = header.Basic.Lun;
        task.InitiatorTaskTag = header.Basic.InitiatorTaskTag;
        task.Attribute = (TaskAttribute)header.Attribute;
        task.ReadFlag = header.Read;
        task.WriteFlag = header.Write;
        task.ExpectedDataTransferLength = header.ExpectedDataTransferLength;
        task.Cdb.Set(header.Cdb);
        command.CmdSN = header.Basic.CmdSN;
        command.Immediate = header.Basic.Immediate;
    }

    /// <summary>Unsolicited data that was not agreed on ends the command (RFC 7143 11.4.7.2).</summary>
    private SenseData? CheckUnsolicited(ScsiCommandHeader header, int immediateBytes)
    {
        if (!header.Final && parameters.InitialR2T) return TransportSense.UnexpectedUnsolicitedData;
        if (immediateBytes == 0) return null;
        if (!parameters.ImmediateData || !header.Write) return TransportSense.UnexpectedUnsolicitedData;
        bool tooMuch = immediateBytes > parameters.FirstBurstLength || (uint)immediateBytes > header.ExpectedDataTransferLength;
        return tooMuch ? TransportSense.IncorrectAmountOfData : null;
    }

    private void BeginDataIn(Command command)
    {
        ScsiTask task = command.Task;
        if (task.Access == BlockAccess.Read && task.ReadFlag && ordered.MayPass(command, commands))
        {
            if (batch.Overlaps(task)) CommitWrites();
            if (responses.TryReadInPlace(command))
            {
                Release(command);
                return;
            }
        }
        uint expected = task.Direction == DataDirection.In && task.ReadFlag ? task.ExpectedDataTransferLength : 0;
        Reserve(command, Math.Min(expected, (uint)task.DataInLengthMaxBytes));
    }

    private void BeginDataOut(Command command, PduFrame frame, bool final, out Command? streaming)
    {
        streaming = null;
        ScsiTask task = command.Task;
        long wanted = Math.Min(task.WriteFlag ? task.ExpectedDataTransferLength : 0, (uint)task.DataOutLengthBytes);
        if (frame.IsComplete && frame.Data.Length >= wanted)
        {
            // The payload is here: it is used where it lies.
            if (frame.Source is not null)
            {
                command.Payload = frame.Source;
                frame.Source.References++;
            }
            DataComplete(command, frame.Data[..(int)wanted]);
            return;
        }
        int immediateBytes = frame.Basic.DataSegmentLengthBytes;
        if (immediateBytes == 0 && final)
        {
            Reserve(command, wanted);
            return;
        }
        // Unsolicited data is on its way and has to be put somewhere now. It cannot wait for memory, as commands that hold memory may
        // wait for data that comes behind it: the initiator is asked to send the command again.
        if (wanted > BufferPool.MaxLengthBytes || !commands.TryRentBuffer(command, Math.Max((int)wanted, immediateBytes)))
        {
            task.Fail(ScsiStatus.TaskSetFull);
            Respond(command);
            return;
        }
        frame.Data.Span.CopyTo(command.Buffer!.Array);
        command.State = CommandState.CollectingData;
        command.DataOut ??= new();
        command.DataOut.Begin((int)wanted, immediateBytes, final, parameters.FirstBurstLength);
        commands.Enter(command);
        if (frame.IsComplete) ImmediateDataArrived(command);
        else streaming = command;
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
            SendR2Ts(command);
            return;
        }
        task.DataIn = command.ReservedBytes > 0 ? command.Buffer!.Array.AsMemory(0, command.ReservedBytes) : default;
        Start(command);
    }

    private void SendR2Ts(Command command)
    {
        DataOutTransfer transfer = command.DataOut!;
        while (transfer.OutstandingR2Ts < parameters.MaxOutstandingR2T
            && transfer.TryNextR2T(NextTransferTag(), parameters.MaxBurstLength, out int offset, out int length, out uint r2tsn))
        {
            ReadyToTransferHeader header = new(sender.Begin(Opcode.ReadyToTransfer, command.InitiatorTaskTag));
            header.Basic.Lun = command.Task.LunField;
            header.Basic.TargetTransferTag = lastTransferTag;
            header.R2TSN = r2tsn;
            header.BufferOffset = (uint)offset;
            header.DesiredLength = (uint)length;
            sender.EndNamingStatSN();
        }
    }

    private uint NextTransferTag() => ++lastTransferTag == BasicHeader.ReservedTag ? ++lastTransferTag : lastTransferTag;

    private void FailTransfer(Command command, SenseData sense)
    {
        command.Task.Fail(sense);
        Respond(command);
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
        ordered.Ended(command);
        commands.Release(command);
    }
}

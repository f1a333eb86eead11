using System.Diagnostics.CodeAnalysis;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <content>Payload from the initiator: immediate, unsolicited and asked for by R2T (RFC 7143 4.2.5.2).</content>
internal sealed partial class CommandProcessor
{
    private uint lastTransferTag;

    /// <summary>A Data-Out PDU whose data is complete.</summary>
    public void HandleDataOut(PduFrame frame)
    {
        DataOutHeader header = new(frame.Header);
        if (!TryFindCollecting(header, out Command? command)) return;
        if (KeepsAnswers)
        {
            HandleDataOutOrMiss(command, frame);
            return;
        }
        int offset = command.DataOut!.ReceivedBytes;
        DataOutFault fault = command.DataOut.Accept(header, out int usefulBytes);
        if (fault != DataOutFault.None)
        {
            FailTransfer(command, header, fault);
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
        if (!commands.TryFind(header.Basic.InitiatorTaskTag, out command) || command.State != CommandState.CollectingData || command.Aborted) return false;
        int offset = command.DataOut!.ReceivedBytes, length = header.Basic.DataSegmentLengthBytes;
        if (command.AwaitsLastData || offset + length > command.DataOut.TotalBytes || command.DataOut.Accept(header, out _) != DataOutFault.None) return false;
        destination = command.Buffer!.Array.AsMemory(offset, length);
        return true;
    }

    /// <summary>All data of a Data-Out PDU is in the command's buffer.</summary>
    public void ContinueTransfer(Command command, bool final)
    {
        if (command.Aborted)
        {
            // The transfer knows of the streamed PDU what it needs to.
            ConcludeData(command, BasicHeader.ReservedTag, final: false);
            return;
        }
        DataOutTransfer transfer = command.DataOut!;
        if (transfer.IsComplete) DataComplete(command, command.Buffer!.Array.AsMemory(0, transfer.TotalBytes));
        else if (final) SendR2Ts(command);
    }

    /// <summary>All immediate data is in the command's buffer.</summary>
    public void ImmediateDataArrived(Command command) => ContinueTransfer(command, final: !command.DataOut!.IsUnsolicitedOpen);

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
            Refuse(command, immediateBytes, final);
            return;
        }
        frame.Data.Span.CopyTo(command.Buffer!.Array);
        command.State = CommandState.CollectingData;
        command.DataOut ??= new();
        command.DataOut.Begin((int)wanted, immediateBytes, final, parameters.FirstBurstLength);
        if (KeepsAnswers) command.DataExpectedSince = time.GetTimestamp();
        commands.Enter(command);
        if (frame.IsComplete) ImmediateDataArrived(command);
        else streaming = command;
    }

    private void SendR2Ts(Command command)
    {
        DataOutTransfer transfer = command.DataOut!;
        // What has to be asked for again is simple to tell while there is one burst at a time.
        int most = KeepsAnswers ? 1 : parameters.MaxOutstandingR2T;
        if (KeepsAnswers) command.DataExpectedSince = time.GetTimestamp();
        while (transfer.OutstandingR2Ts < most && transfer.TryNextR2T(NextTransferTag(), parameters.MaxBurstLength, out int offset, out int length, out uint r2tsn))
            SendR2T(command, lastTransferTag, offset, length, r2tsn);
    }

    private void SendR2T(Command command, uint transferTag, int offset, int length, uint r2tsn)
    {
        ReadyToTransferHeader header = new(sender.Begin(Opcode.ReadyToTransfer, command.InitiatorTaskTag));
        header.Basic.Lun = command.Task.LunField;
        header.Basic.TargetTransferTag = transferTag;
        header.R2TSN = r2tsn;
        header.BufferOffset = (uint)offset;
        header.DesiredLength = (uint)length;
        sender.EndNamingStatSN();
    }

    private uint NextTransferTag() => ++lastTransferTag == BasicHeader.ReservedTag ? ++lastTransferTag : lastTransferTag;

    private void FailTransfer(Command command, DataOutHeader header, DataOutFault fault)
    {
        if (header.Basic.Final) command.DataOut!.Conclude(header.Basic.TargetTransferTag);
        command.Task.Fail(TransportSense.Of(fault));
        RespondAfterData(command);
    }

    /// <summary>Answers a command that has failed before its payload came. Unsolicited data that follows it is waited for.</summary>
    private void Refuse(Command command, int immediateBytes, bool final)
    {
        command.DataOut ??= new();
        command.DataOut.Begin(0, immediateBytes, final, parameters.FirstBurstLength);
        RespondAfterData(command);
    }

    /// <summary>
    /// Answers a command that has failed, once the last PDU of the data has come that is on its way: the initiator may use the task tag for another command after
    /// the answer (RFC 7143 11.4.2).
    /// </summary>
    private void RespondAfterData(Command command)
    {
        if (!command.DataOut!.ExpectsData)
        {
            Respond(command);
            return;
        }
        command.State = CommandState.CollectingData;
        commands.Enter(command);
        AwaitLastData(command);
    }

    private void FailNow(Command command, SenseData sense)
    {
        command.Task.Fail(sense);
        Respond(command);
    }

    /// <summary>
    /// The command that data has come for. False = there is nothing to put it into: the command has ended, or never began, or it is over, and of its data only counts
    /// whether it is the last of a burst.
    /// </summary>
    private bool TryFindCollecting(DataOutHeader header, [NotNullWhen(true)] out Command? command)
    {
        if (!commands.TryFind(header.Basic.InitiatorTaskTag, out command) || command.State != CommandState.CollectingData) return false;
        if (command is { Aborted: false, AwaitsLastData: false }) return true;
        ConcludeData(command, header.Basic.TargetTransferTag, header.Basic.Final);
        return false;
    }
}

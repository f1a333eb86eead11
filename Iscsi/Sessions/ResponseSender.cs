using System.Buffers.Binary;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Sessions;

/// <summary>Data-In and SCSI Response PDUs, with residuals (RFC 7143 11.4, 11.7). The connection's thread only.</summary>
internal sealed class ResponseSender(PduSender sender, SessionParameters parameters, CommandWindow window, CommandTable commands)
{
    /// <summary>What BUSY and TASK SET FULL say about when to try again, in units of 100 ms.</summary>
    private const ushort RetryAfter = 1;

    private uint lastAcknowledgeTag;

    /// <summary>
    /// Reads a prepared READ straight into the send buffer, behind headers that are already there, and ends it with GOOD. False = the
    /// medium has to be waited for: the rest, from <see cref="Command.DataInSentBytes"/> on, is sent by <see cref="SendResult"/>.
    /// </summary>
    public bool TryReadInPlace(Command command)
    {
        ScsiTask task = command.Task;
        int total = (int)Math.Min(task.ExpectedDataTransferLength, (uint)task.LengthBytes);
        int blockMask = task.Medium!.Geometry.LogicalBlockBytes - 1;
        int segmentMax = Math.Min(MaxSegment, parameters.MaxBurstLength) & ~blockMask;
        int burstMax = parameters.MaxBurstLength & ~blockMask;
        if (segmentMax == 0 || (total & blockMask) != 0 || total == 0) return false;
        task.DataInLengthBytes = task.LengthBytes;
        while (command.DataInSentBytes < total)
        {
            int sent = command.DataInSentBytes;
            int length = Math.Min(Math.Min(segmentMax, total - sent), burstMax - (sent % burstMax));
            BeginDataIn(command, sent, length);
            if (!task.Medium.TryRead(task.OffsetBytes + sent, sender.Data)) return false;
            if (sent + length == total && task.MissedAtomicWrite)
            {
                task.Fail(ScsiStatus.Busy);
                SendStatus(command);
                return true;
            }
            EndDataIn(command, sent + length, total, (sent + length) % burstMax == 0);
        }
        return true;
    }

    /// <summary>Sends what an executed command has produced, or what it failed with.</summary>
    public void SendResult(Command command)
    {
        ScsiTask task = command.Task;
        int total = Math.Min(task.DataInLengthBytes, task.DataIn.Length);
        if (task.Status != ScsiStatus.Good || task.Direction != DataDirection.In || total == 0)
        {
            SendStatus(command);
            return;
        }
        if (parameters.ErrorRecoveryLevel > 0)
        {
            SendDataAgain(command, command.FirstDataSN, 0);
            SendStatus(command);
            return;
        }
        int segmentMax = Math.Min(MaxSegment, parameters.MaxBurstLength);
        while (command.DataInSentBytes < total)
        {
            int sent = command.DataInSentBytes;
            int length = Math.Min(Math.Min(segmentMax, total - sent), parameters.MaxBurstLength - (sent % parameters.MaxBurstLength));
            BeginDataIn(command, sent, length);
            task.DataIn.Span.Slice(sent, length).CopyTo(sender.Data);
            EndDataIn(command, sent + length, total, (sent + length) % parameters.MaxBurstLength == 0);
        }
    }

    /// <summary>
    /// Sends the data of an executed read where it may be asked for again: without the status, so that each DataSN always stands for the same
    /// bytes. The first time all of it, later <paramref name="count"/> PDUs from <paramref name="first"/> on, 0 = all.
    /// </summary>
    public void SendDataAgain(Command command, uint first, uint count)
    {
        int total = Math.Min(command.Task.DataInLengthBytes, command.Task.DataIn.Length), burstMax = parameters.MaxBurstLength, offset = command.CutOffsetBytes;
        if (command.SegmentBytes == 0) command.SegmentBytes = Math.Min(MaxSegment, burstMax);
        uint dataSN = command.CutDataSN;
        for (; offset < total; dataSN++)
        {
            int end = SegmentEnd(command, offset, total), length = end - offset;
            if (dataSN >= first && (count == 0 || dataSN - first < count))
            {
                command.NextDataSN = dataSN;
                BeginDataIn(command, offset, length);
                command.Task.DataIn.Span[offset..end].CopyTo(sender.Data);
                EndPart(command, isLast: end == total, endsBurst: end % burstMax == 0);
            }
            offset = end;
        }
        command.NextDataSN = dataSN;
        command.DataInSentBytes = total;
    }

    /// <summary>From the first Data-In that is not acknowledged on, the data of an answered read is cut into segments as long as they may be now.</summary>
    public void CutAnew(Command command)
    {
        int total = Math.Min(command.Task.DataInLengthBytes, command.Task.DataIn.Length);
        for (; SerialNumber.IsBefore(command.CutDataSN, command.AcknowledgedDataSN); command.CutDataSN++)
            command.CutOffsetBytes = SegmentEnd(command, command.CutOffsetBytes, total);
        command.SegmentBytes = 0;
    }

    private int SegmentEnd(Command command, int offset, int total) =>
        offset + Math.Min(Math.Min(command.SegmentBytes, total - offset), parameters.MaxBurstLength - (offset % parameters.MaxBurstLength));

    private void EndPart(Command command, bool isLast, bool endsBurst)
    {
        DataInHeader header = new(sender.Buffer.Header);
        header.Basic.Final = isLast || endsBurst;
        if (endsBurst && !isLast)
        {
            if (command.AcknowledgeTag == 0) command.AcknowledgeTag = ++lastAcknowledgeTag;
            header.Acknowledge = true;
            header.Basic.Lun = command.Task.LunField;
            header.Basic.TargetTransferTag = command.AcknowledgeTag;
        }
        sender.EndWithoutStatSN();
    }

    /// <summary>A SCSI Response without data but sense.</summary>
    public void SendStatus(Command command)
    {
        OpenWindow(command);
        ScsiTask task = command.Task;
        Span<byte> sense = stackalloc byte[SenseData.MaxLengthBytes];
        int senseLength = task.WriteSense(sense);
        ScsiResponseHeader response = new(sender.Begin(Opcode.ScsiResponse, task.InitiatorTaskTag, senseLength == 0 ? 0 : senseLength + 2));
        response.Status = (byte)task.Status;
        response.ExpDataSN = command.NextDataSN;
        if (parameters.ProtocolLevel >= 2 && task.Status is (ScsiStatus.Busy or ScsiStatus.TaskSetFull)) response.StatusQualifier = RetryAfter;
        Residual residual = Residual.Of(command);
        response.Overflow = residual.IsOverflow;
        response.Underflow = residual.IsUnderflow;
        response.ResidualCount = residual.Count;
        if (senseLength > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(sender.Data, (ushort)senseLength);
            sense[..senseLength].CopyTo(sender.Data[2..]);
        }
        sender.EndWithStatus();
    }

    /// <summary>The response tells the window as it is without the command it ends.</summary>
    private void OpenWindow(Command ended)
    {
        if (ended.IsCounted)
        {
            ended.IsCounted = false;
            window.Ended();
        }
        window.Update(commands.CountWithout(ended), commands.IsShortOfMemory);
    }

    /// <summary>Of whole words: only the last segment of a sequence may need padding (RFC 7143 11.7).</summary>
    private int MaxSegment => Math.Min(parameters.PeerMaxRecvDataSegmentLength, sender.MaxDataLength) & ~3;

    private void BeginDataIn(Command command, int offset, int length)
    {
        DataInHeader header = new(sender.Begin(Opcode.DataIn, command.InitiatorTaskTag, length));
        header.Basic.TargetTransferTag = BasicHeader.ReservedTag;
        header.DataSN = command.NextDataSN;
        header.BufferOffset = (uint)offset;
    }

    private void EndDataIn(Command command, int end, int total, bool endsBurst)
    {
        DataInHeader header = new(sender.Buffer.Header);
        command.DataInSentBytes = end;
        command.NextDataSN++;
        if (end < total)
        {
            header.Basic.Final = endsBurst;
            sender.EndWithoutStatSN();
            return;
        }
        header.HasStatus = true;
        OpenWindow(command);
        Residual residual = Residual.Of(command);
        header.Overflow = residual.IsOverflow;
        header.Underflow = residual.IsUnderflow;
        header.ResidualCount = residual.Count;
        sender.EndWithStatus();
    }
}

using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions.Recovery;

/// <summary>
/// SNACK Requests of a connection (RFC 7143 11.16). One for what was never sent, or is acknowledged, is a protocol error; what was and cannot be sent again is rejected.
/// The connection's thread only.
/// </summary>
internal sealed class SnackRequests(CommandTable commands, CommandProcessor processor, PduSender sender)
{
    public void Handle(PduFrame frame)
    {
        SnackHeader header = new(frame.Header);
        uint nextSequenceNumber = 0;
        RejectReason? refusal = sender.Log is not StatusLog log ? RejectReason.SnackReject : header.Type switch
        {
            SnackType.Status => SendStatusAgain(log, header.BegRun, header.RunLength),
            SnackType.DataOrR2T => SendAgain(log, header, out nextSequenceNumber),
            SnackType.ReplacedData => ReplaceData(log, header),
            SnackType.DataAck => Acknowledge(log, header) ? null : RejectReason.InvalidDataAck,
            _ => RejectReason.InvalidPduField,
        };
        if (refusal is RejectReason reason) sender.Reject(reason, frame.HeaderBytes, nextSequenceNumber);
    }

    private RejectReason? SendStatusAgain(StatusLog log, uint first, uint count)
    {
        SentStatus[] run = [.. log.All.Where(entry => !SerialNumber.IsBefore(entry.StatSN, first) && (count == 0 || entry.StatSN - first < count))];
        if (first == 0 && count == 0) run = [.. log.All];
        if (run.Length == 0 || run.Length < count) return RejectReason.ProtocolError;
        foreach (SentStatus entry in run) sender.Resend(entry);
        return null;
    }

    /// <summary>R2Ts of a write that waits for data, or Data-In of a read that has been answered.</summary>
    private RejectReason? SendAgain(StatusLog log, SnackHeader header, out uint nextSequenceNumber)
    {
        uint tag = header.Basic.InitiatorTaskTag, first = header.BegRun, count = header.RunLength;
        nextSequenceNumber = 0;
        if (commands.TryFind(tag, out Command? command))
        {
            nextSequenceNumber = command.DataOut?.NextR2TSN ?? 0;
            return processor.TrySendR2TAgain(command, first, count) ? null : RejectReason.ProtocolError;
        }
        if (log.FindTask(tag)?.Answered is not Command answered) return log.HasAnswerTo(tag) ? RejectReason.SnackReject : RejectReason.ProtocolError;
        nextSequenceNumber = answered.NextDataSN;
        if (first == 0 && count == 0) first = answered.AcknowledgedDataSN;
        if (!answered.HasSent(first, count)) return RejectReason.ProtocolError;
        return processor.TrySendDataAgain(answered, first, count) ? null : RejectReason.SnackReject;
    }

    private RejectReason? ReplaceData(StatusLog log, SnackHeader header)
    {
        uint tag = header.Basic.InitiatorTaskTag, snackTag = header.Basic.TargetTransferTag;
        if (snackTag is 0 or BasicHeader.ReservedTag || header.BegRun != 0 || header.RunLength != 0) return RejectReason.InvalidPduField;
        if (log.FindTask(tag) is not SentStatus status) return log.HasAnswerTo(tag) ? RejectReason.SnackReject : RejectReason.ProtocolError;
        if (status.Answered!.SegmentBytes == 0) return RejectReason.ProtocolError;
        processor.ReplaceData(status, snackTag);
        return null;
    }

    private static bool Acknowledge(StatusLog log, SnackHeader header)
    {
        if (header.Basic.InitiatorTaskTag != BasicHeader.ReservedTag || header.RunLength != 0) return false;
        foreach (SentStatus entry in log.All)
        {
            if (entry.Answered is not Command command || command.AcknowledgeTag != header.Basic.TargetTransferTag || command.AcknowledgeTag == 0) continue;
            if (command.Task.LunField != header.Basic.Lun || SerialNumber.IsBefore(command.NextDataSN, header.BegRun)) return false;
            if (SerialNumber.IsBefore(command.AcknowledgedDataSN, header.BegRun)) command.AcknowledgedDataSN = header.BegRun;
            return true;
        }
        return false;
    }
}

using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions.Recovery;

/// <summary>SNACK Requests of a connection (RFC 7143 11.16). What cannot be sent again is rejected. The connection's thread only.</summary>
internal sealed class SnackRequests(CommandTable commands, CommandProcessor processor, PduSender sender)
{
    public void Handle(PduFrame frame)
    {
        SnackHeader header = new(frame.Header);
        bool done = sender.Log is StatusLog log && header.Type switch
        {
            SnackType.Status => SendStatusAgain(log, header.BegRun, header.RunLength),
            SnackType.DataOrR2T => SendAgain(log, header),
            SnackType.ReplacedData => ReplaceData(log, header),
            SnackType.DataAck => Acknowledge(log, header),
            _ => false,
        };
        if (!done) sender.Reject(header.Type == SnackType.DataAck ? RejectReason.InvalidDataAck : RejectReason.SnackReject, frame.HeaderBytes);
    }

    private bool SendStatusAgain(StatusLog log, uint first, uint count)
    {
        SentStatus[] run = [.. log.All.Where(entry => !SerialNumber.IsBefore(entry.StatSN, first) && (count == 0 || entry.StatSN - first < count))];
        if (first == 0 && count == 0) run = [.. log.All];
        if (run.Length == 0 || run.Length < count) return false;
        foreach (SentStatus entry in run) sender.Resend(entry);
        return true;
    }

    private bool SendAgain(StatusLog log, SnackHeader header)
    {
        uint tag = header.Basic.InitiatorTaskTag;
        if (commands.TryFind(tag, out Command? command)) return processor.TrySendR2TAgain(command, header.BegRun, header.RunLength);
        return log.FindTask(tag)?.Answered is Command answered && processor.TrySendDataAgain(answered, header.BegRun, header.RunLength);
    }

    private bool ReplaceData(StatusLog log, SnackHeader header)
    {
        uint snackTag = header.Basic.TargetTransferTag;
        if (snackTag is 0 or BasicHeader.ReservedTag || header.RunLength != 0) return false;
        // Acknowledged data would have to be sent, too: its DataSN stands for other bytes now.
        if (log.FindTask(header.Basic.InitiatorTaskTag) is not { Answered: { AcknowledgedDataSN: 0, SegmentBytes: > 0 } } status) return false;
        processor.ReplaceData(status, snackTag);
        return true;
    }

    private static bool Acknowledge(StatusLog log, SnackHeader header)
    {
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

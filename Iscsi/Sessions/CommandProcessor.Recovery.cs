using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Sessions.Recovery;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <content>ErrorRecoveryLevel 1 and 2 (RFC 7143 7): answers that can be given again, data that is asked for again, tasks without a connection.</content>
internal sealed partial class CommandProcessor
{
    /// <summary>So often a burst is asked for without anything coming before its command fails.</summary>
    private const int MaxDataRequests = 5;

    private long lastLookedForData = time.GetTimestamp();

    /// <summary>True while the connection is lost and its tasks wait for another one.</summary>
    public bool IsSuspended { get; private set; }

    /// <summary>What is still to be told to the initiator, or waits for it.</summary>
    public bool HasTasks => commands.Count > 0 || (sender.Log is StatusLog log && log.All.Any(entry => entry.Answered is not null));

    private bool KeepsAnswers => parameters.ErrorRecoveryLevel > 0;

    /// <summary>Takes note of ExpStatSN: what it acknowledges is over.</summary>
    public void Acknowledge(uint expStatSN)
    {
        while (sender.Log!.TryAcknowledge(expStatSN, sender.StatSN, out Command? over))
            if (over is not null)
                commands.Release(over);
    }

    /// <summary>The connection is over: nobody will ask for an answer again.</summary>
    public void AbandonAnswers()
    {
        foreach (SentStatus entry in sender.Log?.All ?? [])
            if (entry.Answered is not null)
                commands.Release(StatusLog.Detach(entry));
    }

    /// <summary>A Data-Out PDU came whose data digest is wrong: it will be asked for again when its burst is over.</summary>
    public void HandleSpoiledDataOut(DataOutHeader header)
    {
        if (TryFindCollecting(header, out Command? command) && command.DataOut!.Miss(header)) RequestAgain(command);
    }

    /// <summary>
    /// Asks again for data that does not come: its last PDU, or the R2T, may have been lost. Looks once per
    /// <see cref="IscsiServerOptions.DataRequestInterval"/>.
    /// </summary>
    public void RequestOverdueData()
    {
        if (time.GetElapsedTime(lastLookedForData) < options.DataRequestInterval) return;
        lastLookedForData = time.GetTimestamp();
        foreach (Command command in commands.All.ToArray())
        {
            if (command.State != CommandState.CollectingData || command.Aborted || command.AwaitsLastData) continue;
            if (time.GetElapsedTime(command.DataExpectedSince) < options.DataRequestInterval) continue;
            if (++command.DataRequests <= MaxDataRequests) RequestAgain(command);
            else FailNow(command, TransportSense.ProtocolServiceCrcError);
        }
    }

    /// <summary>Sends R2Ts of the run once more (R2T SNACK). False = the command waits for no such data.</summary>
    public bool TrySendR2TAgain(Command command, uint first, uint count)
    {
        if (command.State != CommandState.CollectingData || !command.DataOut!.TryGetOutstanding(out uint tag, out int offset, out int length, out uint r2tsn))
            return false;
        if (SerialNumber.IsBefore(r2tsn, first) || (count > 0 && r2tsn - first >= count)) return false;
        SendR2T(command, tag, offset, length, r2tsn);
        return true;
    }

    /// <summary>Sends Data-In PDUs of an answered read once more. False = they are longer than the initiator takes now.</summary>
    public bool TrySendDataAgain(Command command, uint first, uint count)
    {
        if (command.SegmentBytes > Math.Min(parameters.PeerMaxRecvDataSegmentLength, sender.MaxDataLength)) return false;
        responses.SendDataAgain(command, first, count);
        return true;
    }

    /// <summary>Sends the unacknowledged data of an answered read in segments as long as they may be now, then its status with the tag (R-Data SNACK).</summary>
    public void ReplaceData(SentStatus status, uint snackTag)
    {
        Command command = status.Answered!;
        responses.CutAnew(command);
        responses.SendDataAgain(command, command.CutDataSN, 0);
        ScsiResponseHeader header = new(status.Header);
        header.SnackTag = snackTag;
        header.ExpDataSN = command.NextDataSN;
        sender.Resend(status);
    }

    /// <summary>The connection is lost: its tasks go on as far as they can without one, and wait.</summary>
    public void Suspend()
    {
        IsSuspended = true;
        StopAwaitingData();
        foreach (HeldResponse held in fences?.TakeAll() ?? [])
            if (held.Command is not null)
                RespondNow(held.Command);
        CommitWrites();
        Resume();
    }

    /// <summary>The task that was asked for: given away once it waits for nothing but a connection.</summary>
    public void GiveTask(SessionInquiry inquiry)
    {
        if (commands.TryFind(inquiry.ReferencedTag, out Command? command))
        {
            if (command.State is CommandState.CollectingData or CommandState.Answered) HandOver(command, inquiry);
            else if (command.Heir is null) command.Heir = inquiry;
            else inquiry.Answer(hasTask: true);
        }
        else if (sender.Log!.FindTask(inquiry.ReferencedTag) is SentStatus status)
        {
            HandOver(StatusLog.Detach(status), inquiry);
        }
        else
        {
            inquiry.Answer(hasTask: false);
        }
    }

    /// <summary>Takes over a task of a lost connection: asks for the rest of its data, or answers it from <paramref name="expDataSN"/> on.</summary>
    public void Adopt(Command command, uint expDataSN)
    {
        commands.Adopt(command);
        if (commands.TryFind(command.InitiatorTaskTag, out _))
        {
            Release(command);
            throw new IscsiProtocolException("a reassigned task has the tag of another one");
        }
        if (command.State == CommandState.Answered)
        {
            // ExpDataSN acknowledges what came before it; 0 says nothing, and what cannot be is ignored (RFC 7143 11.5.5).
            if (SerialNumber.IsBefore(command.AcknowledgedDataSN, expDataSN) && !SerialNumber.IsBefore(command.NextDataSN, expDataSN))
                command.AcknowledgedDataSN = expDataSN;
            if (command.SegmentBytes > Math.Min(parameters.PeerMaxRecvDataSegmentLength, sender.MaxDataLength)) responses.CutAnew(command);
            command.FirstDataSN = command.AcknowledgedDataSN;
            Respond(command);
            return;
        }
        commands.Enter(command);
        RequestAgain(command);
    }

    private void HandOver(Command command, SessionInquiry inquiry)
    {
        command.Heir = null;
        EndCounting(command);
        commands.Detach(command);
        inquiry.GiveTask(command, pool);
    }

    private void HandleDataOutOrMiss(Command command, PduFrame frame)
    {
        DataOutHeader header = new(frame.Header);
        int offset = command.DataOut!.ReceivedBytes;
        switch (command.DataOut.AcceptOrMiss(header, out int usefulBytes))
        {
            case DataOutOutcome.Accepted:
                frame.Data.Span[..usefulBytes].CopyTo(command.Buffer!.Array.AsSpan(offset));
                command.DataExpectedSince = time.GetTimestamp();
                command.DataRequests = 0;
                ContinueTransfer(command, header.Basic.Final);
                break;
            case DataOutOutcome.Incomplete:
                RequestAgain(command);
                break;
            case DataOutOutcome.Wrong:
                FailTransfer(command, header, DataOutFault.Amount);
                break;
        }
    }

    private void RequestAgain(Command command)
    {
        command.DataOut!.Rewind();
        if (command.DataOut.IsComplete) DataComplete(command, command.Buffer!.Array.AsMemory(0, command.DataOut.TotalBytes));
        else SendR2Ts(command);
    }

    /// <summary>Answers a command so that it can be done again, or, without a connection, keeps its result.</summary>
    private void Answer(Command command)
    {
        ordered.Ended(command);
        if (IsSuspended) Keep(command);
        else SendAnswer(command);
    }

    private void SendAnswer(Command command)
    {
        try
        {
            responses.SendResult(command);
        }
        catch (ConnectionClosedException) when (parameters.ErrorRecoveryLevel == 2)
        {
            // The next send says so again; this task must outlive the connection.
            Keep(command);
            return;
        }
        catch
        {
            Release(command);
            throw;
        }
        if (parameters.ErrorRecoveryLevel < 2 && (command.Task.Direction != DataDirection.In || command.Task.Status != ScsiStatus.Good))
        {
            Release(command);
            return;
        }
        commands.Answered(command);
        sender.Log!.Last!.Answered = command;
    }

    private void Keep(Command command)
    {
        EndCounting(command);
        commands.Finished(command);
        if (command.Heir is SessionInquiry inquiry) HandOver(command, inquiry);
    }
}

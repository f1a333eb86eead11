namespace Lunaria.Iscsi.Sessions;

/// <content>Commands that end without a response, at once or when the data has come that their initiator was asked for (RFC 7143 4.2.3.3).</content>
internal sealed partial class CommandProcessor
{
    private readonly List<Command> awaitingLastData = [];
    private long lastDataTimestamp;

    /// <summary>True while aborted commands wait for data that was asked for before they were.</summary>
    public bool AwaitsAbortedData => awaitingLastData.Count > 0;

    /// <summary>When <see cref="EndOverdueAborts"/> is due, milliseconds from now.</summary>
    public int AbortedDataDueMs => Math.Max(0, (int)(options.AbortedDataTimeout - time.GetElapsedTime(lastDataTimestamp)).TotalMilliseconds + 1);

    /// <summary>Ends a command without a response as soon as possible; one that the medium works on ends when that is done.</summary>
    /// <param name="command">Any of this connection.</param>
    /// <param name="awaitsData">Whether it stays until each R2T is answered. So does one of which that has been said before.</param>
    public void Abort(Command command, bool awaitsData = false)
    {
        command.Aborted = command.Task.Aborted = true;
        if (awaitsData && !command.AwaitsLastData && !IsSuspended && command.State == CommandState.CollectingData && command.DataOut!.OutstandingR2Ts > 0)
        {
            command.AwaitsLastData = true;
            awaitingLastData.Add(command);
            lastDataTimestamp = time.GetTimestamp();
        }
        if (command.State == CommandState.Executing || command.IsStreaming || command.AwaitsLastData) return;
        if (command.State == CommandState.Blocked) ordered.Forget(command);
        if (command.State == CommandState.Held) fences!.Forget(command);
        Release(command);
    }

    /// <summary>Lets aborted commands go whose data does not come: hosts that send none after the function must not hold it up for ever.</summary>
    public void EndOverdueAborts()
    {
        if (time.GetElapsedTime(lastDataTimestamp) >= options.AbortedDataTimeout) StopAwaitingData();
    }

    /// <summary>Lets all aborted commands go that wait for data only.</summary>
    public void StopAwaitingData()
    {
        foreach (Command command in awaitingLastData.ToArray())
        {
            if (command.IsStreaming) ForgetLastData(command);
            else Release(command);
        }
    }

    /// <summary>A Data-Out PDU of an aborted command came, or the end of one that was streamed: only whether it is the last of its burst counts.</summary>
    private void ConcludeData(Command command, uint transferTag, bool final)
    {
        lastDataTimestamp = time.GetTimestamp();
        if (final) command.DataOut!.Conclude(transferTag);
        if (!command.AwaitsLastData || command.DataOut!.OutstandingR2Ts == 0) Release(command);
    }

    private void ForgetLastData(Command command)
    {
        command.AwaitsLastData = false;
        awaitingLastData.Remove(command);
    }
}

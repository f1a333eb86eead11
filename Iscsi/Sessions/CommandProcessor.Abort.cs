namespace Lunaria.Iscsi.Sessions;

/// <content>
/// Commands that end without a response, at once or when the data has come that their initiator was asked for (RFC 7143 4.2.3.3), and those that failed and are answered
/// when theirs has come (11.4.2).
/// </content>
internal sealed partial class CommandProcessor
{
    private readonly List<Command> awaitingLastData = [];
    private long lastDataTimestamp;

    /// <summary>True while commands that are over wait for data that is on its way.</summary>
    public bool AwaitsLastData => awaitingLastData.Count > 0;

    /// <summary>When <see cref="EndOverdue"/> is due, milliseconds from now.</summary>
    public int LastDataDueMs => Math.Max(0, (int)(options.LastDataTimeout - time.GetElapsedTime(lastDataTimestamp)).TotalMilliseconds + 1);

    /// <summary>Ends a command without a response as soon as possible; one that the medium works on ends when that is done.</summary>
    /// <param name="command">Any of this connection.</param>
    /// <param name="awaitsData">Whether it stays until each R2T is answered. So does one of which that has been said before.</param>
    public void Abort(Command command, bool awaitsData = false)
    {
        // One that has failed waits for the sake of its answer only.
        if (command is { AwaitsLastData: true, Aborted: false }) ForgetLastData(command);
        command.Aborted = command.Task.Aborted = true;
        if (awaitsData && !command.AwaitsLastData && !IsSuspended && command.State == CommandState.CollectingData && command.DataOut!.OutstandingR2Ts > 0)
            AwaitLastData(command);
        if (command.State == CommandState.Executing || command.IsStreaming || command.AwaitsLastData) return;
        if (command.State == CommandState.Blocked) ordered.Forget(command);
        if (command.State == CommandState.Held) fences!.Forget(command);
        Release(command);
    }

    /// <summary>Lets commands go whose data does not come: hosts that send none after a function must not hold it up for ever.</summary>
    public void EndOverdue()
    {
        if (time.GetElapsedTime(lastDataTimestamp) >= options.LastDataTimeout) StopAwaitingData();
    }

    /// <summary>Lets all commands go that are over and wait for data only; those that failed are answered.</summary>
    public void StopAwaitingData()
    {
        foreach (Command command in awaitingLastData.ToArray())
        {
            if (command.IsStreaming) ForgetLastData(command);
            else EndWithoutData(command);
        }
    }

    /// <summary>A Data-Out PDU of a command that is over came, or the end of one that was streamed: only whether it is the last of its burst counts.</summary>
    private void ConcludeData(Command command, uint transferTag, bool final)
    {
        lastDataTimestamp = time.GetTimestamp();
        if (final) command.DataOut!.Conclude(transferTag);
        if (!command.AwaitsLastData || !command.DataOut!.ExpectsData) EndWithoutData(command);
    }

    private void AwaitLastData(Command command)
    {
        command.AwaitsLastData = true;
        awaitingLastData.Add(command);
        lastDataTimestamp = time.GetTimestamp();
    }

    private void EndWithoutData(Command command)
    {
        ForgetLastData(command);
        if (command.Aborted) Release(command);
        else Respond(command);
    }

    private void ForgetLastData(Command command)
    {
        command.AwaitsLastData = false;
        awaitingLastData.Remove(command);
    }
}

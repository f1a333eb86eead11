using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>The difference between what the initiator expected to transfer and what the command is about (RFC 7143 11.4.5).</summary>
internal readonly record struct Residual(bool IsOverflow, bool IsUnderflow, uint Count)
{
    /// <summary>The residual of a finished command. Never both bits.</summary>
    public static Residual Of(Command command)
    {
        ScsiTask task = command.Task;
        long expected = task.ExpectedDataTransferLength;
        long actual = task.Direction switch
        {
            DataDirection.In when task.Status == ScsiStatus.Good => task.DataInLengthBytes,
            DataDirection.In => command.DataInSentBytes,
            DataDirection.Out when task.Status == ScsiStatus.Good || command.DataOut is { TotalBytes: > 0, IsComplete: true } => task.DataOutLengthBytes,
            _ => 0,
        };
        // Without its R or W bit the expected length belongs to no direction of this command: nothing of it was transferred.
        if (actual > expected) return new(true, false, (uint)(actual - expected));
        return expected > actual ? new(false, true, (uint)(expected - actual)) : default;
    }
}

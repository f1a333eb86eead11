namespace Lunaria.Iscsi.Scsi.Sense;

/// <summary>The one table from the outcome of a medium to the result of a command.</summary>
internal static class MediumOutcome
{
    /// <summary>Ends the task by the outcome of a read or verify at <paramref name="lba"/>; true where it is good.</summary>
    public static bool Read(ScsiTask task, BlockStatus status, long lba) =>
        status == BlockStatus.Ok || Fail(task, status, SenseCodes.UnrecoveredReadError.With((ulong)lba));

    /// <summary>Ends the task by the outcome of a write, unmap or flush at <paramref name="lba"/>; true where it is good.</summary>
    public static bool Write(ScsiTask task, BlockStatus status, long lba) =>
        status == BlockStatus.Ok || Fail(task, status, SenseCodes.WriteError.With((ulong)lba));

    private static bool Fail(ScsiTask task, BlockStatus status, SenseData mediumError) => status switch
    {
        BlockStatus.OutOfSpace => task.Fail(SenseCodes.SpaceAllocationFailed),
        BlockStatus.ReadOnly => task.Fail(SenseCodes.WriteProtected),
        BlockStatus.Unavailable => task.Fail(ScsiStatus.Busy),
        BlockStatus.MediumError => task.Fail(mediumError),
        BlockStatus.Faulted => task.Fail(SenseCodes.ManualInterventionRequired),
        // Nothing is asked of a medium that it does not offer, so this is its defect.
        _ => task.Fail(SenseCodes.InternalTargetFailure),
    };
}

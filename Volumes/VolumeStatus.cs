namespace Lunaria.Volumes;

/// <summary>The expected outcomes of I/O on a volume. Anything else is a bug and thrown.</summary>
public enum VolumeStatus
{
    /// <summary>Done.</summary>
    Ok,
    /// <summary>No space left for a write that needs some; reads and unmaps go on.</summary>
    OutOfSpace,
    /// <summary>The volume takes no writes: its log is fenced after a failed flush, until the appliance is started again.</summary>
    ReadOnly,
    /// <summary>Cannot be done now, but later: the write log had no room for too long, or the store did not answer.</summary>
    Unavailable,
    /// <summary>The stored bytes are damaged or lost.</summary>
    MediumError,
    /// <summary>The volume refuses all I/O until an operator acts: an invariant is broken.</summary>
    Faulted,
}

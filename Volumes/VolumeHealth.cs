namespace Lunaria.Volumes;

/// <summary>What a volume, or the engine as a whole, can do now; worse comes later.</summary>
public enum HealthState
{
    /// <summary>Everything works.</summary>
    Online,
    /// <summary>The object store fails for now; writes go on until the log is full.</summary>
    StoreFailing,
    /// <summary>The object store has no space; writes go on until the log is full.</summary>
    OutOfSpace,
    /// <summary>The log or the map journal takes no more writes: reads go on until the appliance is started again.</summary>
    ReadOnly,
    /// <summary>An invariant is broken: no I/O.</summary>
    Faulted,
    /// <summary>Closed, deleted or being rolled back by the operator: no I/O.</summary>
    Closed,
}

/// <summary>A state and, where it is not <see cref="HealthState.Online"/>, the thing, the cause and the remedy in words.</summary>
public sealed record VolumeHealth(HealthState State, string? Cause)
{
    /// <summary>Everything works.</summary>
    public static VolumeHealth Online { get; } = new(HealthState.Online, null);

    /// <summary>The outcome of I/O that is refused in this state.</summary>
    internal VolumeStatus Status => State == HealthState.Closed ? VolumeStatus.Unavailable : VolumeStatus.Faulted;
}

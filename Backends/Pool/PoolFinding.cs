namespace Lunaria.Backends.Pool;

/// <summary>What was wrong with a component when the pool was opened.</summary>
public enum PoolFindingKind
{
    /// <summary>One label was damaged and is written again from the other.</summary>
    LabelRepaired,
    /// <summary>One copy of a table record was damaged or older and is written again from the other.</summary>
    RecordRepaired,
    /// <summary>Both copies of a table record are damaged: an object may be lost.</summary>
    RecordLost,
    /// <summary>Two records claim the same place: the older object is lost.</summary>
    ObjectOverlapped,
    /// <summary>Something lies where it looked, or should, that does not belong to the pool.</summary>
    NotOfThePool,
    /// <summary>A component that failed or was missing, and that the pool goes on without.</summary>
    SetAside,
}

/// <summary>One finding of an opening; the message names the component, the cause and what was done.</summary>
public sealed record PoolFinding(PoolFindingKind Kind, string Component, string Message);

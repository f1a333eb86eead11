namespace Lunaria.Backends.Pool.Format;

/// <summary>How far the making of a pool has come.</summary>
internal enum LabelState
{
    /// <summary>The set of components is being made: nothing can be stored yet.</summary>
    Initializing = 1,
    /// <summary>Every component of the set had its label when this was written.</summary>
    Ready = 2,
}

/// <summary>What a component is to its pool.</summary>
internal enum MemberState : byte
{
    /// <summary>Holds objects and takes new ones.</summary>
    Active = 1,
    /// <summary>Takes no new objects: those it holds move to the others.</summary>
    Evacuating = 2,
    /// <summary>It failed, or was missing, and the pool went on without it: what lies on it is out of date and never used again.</summary>
    SetAside = 3,
}

/// <summary>One component as all labels of its pool know it. <paramref name="LastPath"/>: where it was when the pool was last opened.</summary>
internal sealed record PoolMember(Guid ComponentId, int Index, MemberState State, long SizeBytes, string LastPath);

/// <summary>
/// What a component says of itself and of its pool. <paramref name="Generation"/> rises with each writing of this component's label;
/// <paramref name="MembershipGeneration"/> rises with each change of the set, over all components. <paramref name="RecordsFormatted"/>: records
/// at the start of both table copies that were zeroed before first use; none beyond is ever read.
/// </summary>
internal sealed record ComponentLabel(
    LabelState State,
    ulong Generation,
    ulong MembershipGeneration,
    Guid PoolId,
    Guid ComponentId,
    int Index,
    string PoolName,
    ComponentLayout Layout,
    long RecordsFormatted,
    IReadOnlyList<PoolMember> Members)
{
    /// <summary>On how many components each object is stored: 1 or 2; changes with the membership generation.</summary>
    public int Copies { get; init; } = 1;
}

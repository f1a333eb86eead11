namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>How one I_T nexus stands to a state of the reservations: kept by the nexus, so that a command costs a comparison. Immutable.</summary>
internal sealed class NexusStanding(ReservationState state, NexusName nexus)
{
    private readonly bool registered = state.Find(nexus) is not null;
    private readonly bool holder = state.IsHolder(nexus);

    /// <summary>The state this was made from.</summary>
    public ReservationState State { get; } = state;

    /// <summary>
    /// The conflict table (SPC-4 table 66, SBC-3 table 6): true where the nexus may execute a command of this kind.
    /// </summary>
    public bool Allows(Commands.ReservationRule rule)
    {
        if (!State.Reserved || holder || rule == Commands.ReservationRule.Allowed) return true;
        if (registered && ReservationTypes.IsForRegistrants(State.Type)) return true;
        return rule == Commands.ReservationRule.Reads && ReservationTypes.IsWriteExclusive(State.Type);
    }
}

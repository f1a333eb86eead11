using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>RESERVE, RELEASE and CLEAR (SPC-4 5.9.9, 5.9.11.2, 5.9.11.6). The nexus must be registered with the key it gives.</summary>
internal static class ReserveActions
{
    public static ReservationChange? Reserve(ScsiTask task, ReserveOutParameters parameters, ReservationState state)
    {
        NexusName self = NexusName.Of(task.Nexus);
        if (!HasKey(task, parameters, state)) return null;
        ReservationType type = PersistentReserveOut.Type(task);
        if (!state.Reserved) return new ReservationChange(state.ReservedBy(self, type));
        // The holder may ask again for what it has (SPC-4 5.9.9).
        if (!state.IsHolder(self) || state.Type != type) task.Fail(ScsiStatus.ReservationConflict);
        return null;
    }

    public static ReservationChange? Release(ScsiTask task, ReserveOutParameters parameters, ReservationState state)
    {
        NexusName self = NexusName.Of(task.Nexus);
        if (!HasKey(task, parameters, state) || !state.IsHolder(self)) return null;
        if (state.Type != PersistentReserveOut.Type(task))
        {
            task.Fail(SenseCodes.InvalidReleaseOfPersistentReservation);
            return null;
        }

        var change = new ReservationChange(state.Released());
        if (ReservationTypes.IsForRegistrants(state.Type)) change.Tell(state.Registrations, self, SenseCodes.ReservationsReleased);
        return change;
    }

    public static ReservationChange? Clear(ScsiTask task, ReserveOutParameters parameters, ReservationState state)
    {
        if (!HasKey(task, parameters, state)) return null;
        var change = new ReservationChange(state.Without(_ => true) with { Generation = state.Generation + 1 });
        change.Tell(state.Registrations, NexusName.Of(task.Nexus), SenseCodes.ReservationsPreempted);
        return change;
    }

    /// <summary>True where the nexus is registered with the key of the list; else the task ends with RESERVATION CONFLICT.</summary>
    public static bool HasKey(ScsiTask task, ReserveOutParameters parameters, ReservationState state) =>
        (state.Find(NexusName.Of(task.Nexus)) is { } own && own.Key == parameters.Key) || task.Fail(ScsiStatus.ReservationConflict);
}

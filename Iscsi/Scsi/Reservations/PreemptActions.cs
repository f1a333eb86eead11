using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>PREEMPT and PREEMPT AND ABORT (SPC-4 5.9.11.4, 5.9.11.5).</summary>
internal static class PreemptActions
{
    private const int ActionKeyIndex = 8;

    public static ReservationChange? Preempt(ScsiTask task, ReserveOutParameters parameters, ReservationState state)
    {
        if (!ReserveActions.HasKey(task, parameters, state)) return null;
        NexusName self = NexusName.Of(task.Nexus);
        ulong key = parameters.ActionKey;
        bool allRegistrants = ReservationTypes.IsAllRegistrants(state.Type);
        if (key == 0 && !allRegistrants)
        {
            task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(ActionKeyIndex));
            return null;
        }

        bool takesReservation = allRegistrants ? key == 0 : state.Holder is { } holder && state.Find(holder)!.Key == key;
        return takesReservation ? Take(task, state, self, key) : RemoveOnly(task, state, self, key);
    }

    public static ReservationChange? PreemptAndAbort(ScsiTask task, ReserveOutParameters parameters, ReservationState state)
    {
        ReservationChange? change = Preempt(task, parameters, state);
        if (change is null) return null;
        foreach (Registration registration in state.Registrations)
            if (registration.Nexus != NexusName.Of(task.Nexus) && change.Next.Find(registration.Nexus) is null)
                change.Aborts.Add(registration.Nexus);
        return change;
    }

    /// <summary>The reservation passes to the sender; key 0 stands for all others (all registrants types).</summary>
    private static ReservationChange Take(ScsiTask task, ReservationState state, NexusName self, ulong key)
    {
        ReservationType type = PersistentReserveOut.Type(task);
        bool Loses(Registration registration) => registration.Nexus != self && (key == 0 || registration.Key == key);
        var change = new ReservationChange(
            state.Without(Loses).ReservedBy(self, type) with { Generation = state.Generation + 1 });
        change.Tell(state.Registrations.Where(Loses), self, SenseCodes.RegistrationsPreempted);
        if (type != state.Type)
            change.Tell(change.Next.Registrations, self, SenseCodes.ReservationsReleased);
        return change;
    }

    /// <summary>Registrations with the key go; the reservation stays as it is, unless its last holder goes with them.</summary>
    private static ReservationChange? RemoveOnly(ScsiTask task, ReservationState state, NexusName self, ulong key)
    {
        ReservationState rest = state.Without(registration => registration.Key == key);
        if (rest.Registrations.Length == state.Registrations.Length)
        {
            task.Fail(ScsiStatus.ReservationConflict);
            return null;
        }

        var change = new ReservationChange(rest with { Generation = state.Generation + 1 });
        change.Tell(state.Registrations.Where(registration => registration.Key == key), self, SenseCodes.RegistrationsPreempted);
        return change;
    }
}

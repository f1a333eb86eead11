using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>REGISTER and REGISTER AND IGNORE EXISTING KEY (SPC-4 5.9.7, 6.15.2 table 203).</summary>
internal static class RegisterActions
{
    private const int FlagsIndex = 20;
    private const int MaxRegistrations = 1024;

    /// <summary>REGISTER: the key of the nexus must be right, 0 where it is not registered.</summary>
    public static ReservationChange? Register(ScsiTask task, ReserveOutParameters parameters, ReservationState state)
    {
        Registration? own = state.Find(NexusName.Of(task.Nexus));
        if ((own?.Key ?? 0) != parameters.Key) return Conflict(task);
        if (parameters.SpecifiesPorts && own is not null) return Invalid(task, 3);
        return Change(task, parameters, state, own);
    }

    /// <summary>REGISTER AND IGNORE EXISTING KEY.</summary>
    public static ReservationChange? RegisterAndIgnore(ScsiTask task, ReserveOutParameters parameters, ReservationState state) =>
        parameters.SpecifiesPorts ? Invalid(task, 3) : Change(task, parameters, state, state.Find(NexusName.Of(task.Nexus)));

    private static ReservationChange? Change(ScsiTask task, ReserveOutParameters parameters, ReservationState state, Registration? own)
    {
        ReservationState next = state with { Generation = state.Generation + 1, Persistent = parameters.Persistent };
        if (parameters.ActionKey == 0) return own is null ? new ReservationChange(next) : Unregister(task, next, own);
        NexusName self = NexusName.Of(task.Nexus);
        foreach (Registration registration in Selected(task, parameters))
        {
            // Others are registered only where all of them can be: one that is registered already spoils it (SPC-4 5.9.7).
            if (registration.Nexus != self && parameters.SpecifiesPorts && state.Find(registration.Nexus) is not null) return Conflict(task);
            next = next.With(registration);
        }

        if (next.Registrations.Length > MaxRegistrations)
        {
            task.Fail(SenseCodes.InsufficientRegistrationResources);
            return null;
        }

        if (parameters.SpecifiesPorts && parameters.Initiators.Any(initiator => !initiator.IsPort && !Known(task, initiator.Name).Any()))
            return Invalid(task, 3);
        return new ReservationChange(next);
    }

    /// <summary>The nexuses that the list names: the sender, the initiators of SPEC_I_PT, each on one or all target ports.</summary>
    private static IEnumerable<Registration> Selected(ScsiTask task, ReserveOutParameters parameters)
    {
        IEnumerable<string> others = parameters.Initiators.SelectMany(initiator => initiator.IsPort ? [initiator.Name] : Known(task, initiator.Name));
        foreach (string initiatorPort in others.Prepend(task.Nexus.InitiatorPort).Distinct())
        {
            foreach (TargetPort port in task.Unit!.Ports)
            {
                if (!parameters.AllTargetPorts && port.Name != task.Nexus.Port.Name) continue;
                yield return new Registration(
                    new NexusName(initiatorPort, port.Name), port.RelativeId, parameters.ActionKey, parameters.AllTargetPorts);
            }
        }
    }

    /// <summary>The ports of an initiator device that the unit knows.</summary>
    private static IEnumerable<string> Known(ScsiTask task, string initiatorName) => task.Unit!.Nexuses
        .Where(itl => string.Equals(itl.Nexus.InitiatorName, initiatorName, StringComparison.OrdinalIgnoreCase))
        .Select(itl => itl.Nexus.InitiatorPort).Distinct();

    private static ReservationChange Unregister(ScsiTask task, ReservationState state, Registration own)
    {
        var change = new ReservationChange(state.Without(registration => registration == own));
        // Those who had access by their registration hear that the reservation is gone with its holder (SPC-4 5.9.11.3).
        if (state.Reserved && !change.Next.Reserved && ReservationTypes.IsForRegistrants(state.Type))
            change.Tell(change.Next.Registrations, NexusName.Of(task.Nexus), SenseCodes.ReservationsReleased);
        return change;
    }

    private static ReservationChange? Conflict(ScsiTask task)
    {
        task.Fail(ScsiStatus.ReservationConflict);
        return null;
    }

    private static ReservationChange? Invalid(ScsiTask task, int bit)
    {
        task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(FlagsIndex, bit));
        return null;
    }
}

using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>The next state of the reservations, and what other I_T nexuses hear or lose by it.</summary>
internal sealed class ReservationChange(ReservationState next)
{
    /// <summary>The state that follows.</summary>
    public ReservationState Next { get; set; } = next;

    /// <summary>Unit attention conditions to establish.</summary>
    public List<(NexusName Nexus, SenseData Attention)> Attentions { get; } = [];

    /// <summary>Nexuses whose tasks end (PREEMPT AND ABORT).</summary>
    public HashSet<NexusName> Aborts { get; } = [];

    /// <summary>Tells every nexus of a list but one.</summary>
    public void Tell(IEnumerable<Registration> registrations, NexusName except, SenseData attention)
    {
        foreach (Registration registration in registrations)
            if (registration.Nexus != except) Attentions.Add((registration.Nexus, attention));
    }
}

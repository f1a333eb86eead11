namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>The name of an I_T nexus as reservations know it: it outlives sessions and restarts (SPC-4 5.9.3).</summary>
internal readonly record struct NexusName(string InitiatorPort, string TargetPort)
{
    /// <summary>The name of a nexus that exists.</summary>
    public static NexusName Of(ItNexus nexus) => new(nexus.InitiatorPort, nexus.Port.Name);
}

/// <summary>One registered I_T nexus. Immutable.</summary>
/// <param name="Nexus">Who.</param>
/// <param name="RelativeTargetPort">Relative identifier of the target port.</param>
/// <param name="Key">Reservation key.</param>
/// <param name="AllTargetPorts">Registered with ALL_TG_PT.</param>
internal sealed record Registration(NexusName Nexus, ushort RelativeTargetPort, ulong Key, bool AllTargetPorts = false);

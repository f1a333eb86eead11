using System.Collections.Immutable;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>The registrations and the persistent reservation of a logical unit at one moment (SPC-4 5.9). Immutable.</summary>
internal sealed record ReservationState
{
    /// <summary>Nobody is registered.</summary>
    public static readonly ReservationState Empty = new();

    /// <summary>PRGENERATION; 0 after power on.</summary>
    public uint Generation { get; init; }

    /// <summary>All registrations, in the order they were made.</summary>
    public ImmutableArray<Registration> Registrations { get; init; } = [];

    /// <summary>Type of the reservation; None = the unit is not reserved.</summary>
    public ReservationType Type { get; init; }

    /// <summary>The holder, where the type has one.</summary>
    public NexusName? Holder { get; init; }

    /// <summary>True where the state must survive a loss of power (APTPL of the last registration).</summary>
    public bool Persistent { get; init; }

    /// <summary>True where the unit is reserved.</summary>
    public bool Reserved => Type != ReservationType.None;

    /// <summary>The registration of a nexus; null where it is not registered.</summary>
    public Registration? Find(NexusName nexus)
    {
        foreach (Registration registration in Registrations)
            if (registration.Nexus == nexus) return registration;
        return null;
    }

    /// <summary>True where the nexus holds the reservation; under all registrants types every registrant does.</summary>
    public bool IsHolder(NexusName nexus) =>
        Reserved && (ReservationTypes.IsAllRegistrants(Type) ? Find(nexus) is not null : Holder == nexus);

    /// <summary>Adds a registration or replaces that of the same nexus.</summary>
    public ReservationState With(Registration registration)
    {
        Registration? old = Find(registration.Nexus);
        return this with { Registrations = old is null ? Registrations.Add(registration) : Registrations.Replace(old, registration) };
    }

    /// <summary>
    /// Removes registrations. A reservation ends with its holder, under all registrants types with the last registrant (SPC-4 5.9.11.3).
    /// </summary>
    public ReservationState Without(Func<Registration, bool> selects)
    {
        ReservationState rest = this with { Registrations = Registrations.RemoveAll(registration => selects(registration)) };
        bool held = ReservationTypes.IsAllRegistrants(Type) ? !rest.Registrations.IsEmpty : Holder is { } holder && rest.Find(holder) is not null;
        return Reserved && !held ? rest.Released() : rest;
    }

    /// <summary>The reservation ends, the registrations stay.</summary>
    public ReservationState Released() => this with { Type = ReservationType.None, Holder = null };

    /// <summary>The unit is reserved by a nexus.</summary>
    public ReservationState ReservedBy(NexusName nexus, ReservationType type) =>
        this with { Type = type, Holder = ReservationTypes.IsAllRegistrants(type) ? null : nexus };
}

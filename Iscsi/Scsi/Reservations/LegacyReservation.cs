using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>The reservation of RESERVE(6) and RESERVE(10): the whole unit for one I_T nexus until it lets go (SPC-2 5.5.2). Any thread.</summary>
internal sealed class LegacyReservation
{
    private ItlNexus? holder;

    /// <summary>True where any nexus holds the unit.</summary>
    public bool Held => Volatile.Read(ref holder) is not null;

    /// <summary>True where a nexus other than <paramref name="itl"/> holds the unit.</summary>
    public bool HeldByOther(ItlNexus itl) => Volatile.Read(ref holder) is { } other && other != itl;

    /// <summary>Takes the unit; false where another nexus has it.</summary>
    public bool TryReserve(ItlNexus itl) => Interlocked.CompareExchange(ref holder, itl, null) is not { } other || other == itl;

    /// <summary>Lets go; without effect for a nexus that is not the holder (SPC-2 7.21.2).</summary>
    public void Release(ItlNexus itl) => Interlocked.CompareExchange(ref holder, null, itl);

    /// <summary>Ends the reservation whoever holds it (reset).</summary>
    public void Clear() => Volatile.Write(ref holder, null);
}

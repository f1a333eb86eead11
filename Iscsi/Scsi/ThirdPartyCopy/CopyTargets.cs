using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>Finds the logical units that copy commands name.</summary>
internal static class CopyTargets
{
    private const int T10VendorId = 1;
    private const int Naa = 3;

    /// <summary>The unit of a CSCD descriptor, by NAA identifier or T10 vendor id; null where this initiator has none of that name.</summary>
    public static ItlNexus? Find(ScsiTask task, CopyCscd cscd) =>
        task.Server.Directory.UnitsOf(task.Nexus).FirstOrDefault(itl => Matches(itl.Unit.Identity, cscd));

    /// <summary>True where reservations, readiness and write protection let the initiator read the one and write the other.</summary>
    public static bool MayCopy(ItlNexus source, ItlNexus destination) =>
        MayUse(source, ReservationRule.Reads) && MayUse(destination, ReservationRule.Writes) && destination.Unit.Mode.Writable;

    private static bool MayUse(ItlNexus itl, ReservationRule rule) =>
        itl.Unit.Power.Ready && !itl.Unit.LegacyReservation.HeldByOther(itl) && itl.Unit.Reservations.Allows(itl, rule);

    private static bool Matches(UnitIdentity identity, CopyCscd cscd)
    {
        ReadOnlySpan<byte> designator = cscd.Designator.AsSpan();
        return cscd.DesignatorType switch
        {
            Naa => designator.SequenceEqual(identity.Naa),
            // A descriptor has room for 20 bytes of it.
            T10VendorId => designator.Length >= 16 && identity.VendorSerial.AsSpan().StartsWith(designator),
            _ => false,
        };
    }
}

using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// The logical units as one I_T nexus sees them: the LUN inventory of a moment with an I_T_L nexus for each. Immutable; replaced when the
/// inventory changes.
/// </summary>
internal sealed class NexusUnits
{
    private readonly FrozenDictionary<int, ItlNexus> byLun;

    private NexusUnits(ImmutableSortedDictionary<int, LogicalUnit> inventory, IReadOnlyDictionary<int, ItlNexus> units)
    {
        Inventory = inventory;
        byLun = units.ToFrozenDictionary();
    }

    /// <summary>The inventory this was made from.</summary>
    public ImmutableSortedDictionary<int, LogicalUnit> Inventory { get; }

    /// <summary>All I_T_L nexuses.</summary>
    public IEnumerable<ItlNexus> All => byLun.Values;

    /// <summary>The I_T_L nexus of a LUN; null where it is not mapped.</summary>
    public ItlNexus? Find(int lun) => byLun.GetValueOrDefault(lun);

    /// <summary>Follows the inventory: keeps what is still mapped, attaches what is new, detaches what is gone.</summary>
    public static NexusUnits Follow(ItNexus nexus, NexusUnits? before, ImmutableSortedDictionary<int, LogicalUnit> inventory)
    {
        var units = new Dictionary<int, ItlNexus>();
        foreach ((int lun, LogicalUnit unit) in inventory)
        {
            ItlNexus? known = before?.Find(lun);
            units[lun] = known is not null && known.Unit == unit ? known : unit.Attach(nexus, LunField.Encode(lun));
        }

        foreach ((int lun, ItlNexus old) in before?.byLun ?? FrozenDictionary<int, ItlNexus>.Empty)
            if (units.GetValueOrDefault(lun) != old) old.Unit.Detach(old);

        return new NexusUnits(inventory, units);
    }
}

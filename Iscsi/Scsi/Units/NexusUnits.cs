using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// The logical units as one I_T nexus sees them: what it may use of the LUN inventory of a moment, with an I_T_L nexus for each. Immutable; replaced when the
/// inventory changes, or what the nexus may use of it.
/// </summary>
internal sealed class NexusUnits
{
    private readonly FrozenDictionary<int, ItlNexus> byLun;
    private readonly ImmutableSortedDictionary<int, LogicalUnit> inventory;
    private readonly IReadOnlySet<int>? usableLuns;

    private NexusUnits(ImmutableSortedDictionary<int, LogicalUnit> inventory, IReadOnlySet<int>? usableLuns, SortedDictionary<int, ItlNexus> units)
    {
        this.inventory = inventory;
        this.usableLuns = usableLuns;
        byLun = units.ToFrozenDictionary();
        Luns = [.. units.Keys];
    }

    /// <summary>The LUNs in their order.</summary>
    public ImmutableArray<int> Luns { get; }

    /// <summary>All I_T_L nexuses.</summary>
    public IEnumerable<ItlNexus> All => byLun.Values;

    /// <summary>The I_T_L nexus of a LUN; null where it is not mapped, or not for this nexus.</summary>
    public ItlNexus? Find(int lun) => byLun.GetValueOrDefault(lun);

    /// <summary>True where it is of these very objects, so that nothing can have changed.</summary>
    public bool IsMadeOf(ImmutableSortedDictionary<int, LogicalUnit> otherInventory, IReadOnlySet<int>? otherUsableLuns) =>
        ReferenceEquals(inventory, otherInventory) && ReferenceEquals(usableLuns, otherUsableLuns);

    /// <summary>True where a host cannot tell them apart: the same units by the same numbers.</summary>
    public bool ShowsTheSameAs(NexusUnits other) => Luns.SequenceEqual(other.Luns) && Luns.All(lun => byLun[lun] == other.byLun[lun]);

    /// <summary>Follows the inventory: keeps what is still there for the nexus, attaches what is new, detaches what is gone.</summary>
    public static NexusUnits Follow(ItNexus nexus, NexusUnits? before, ImmutableSortedDictionary<int, LogicalUnit> inventory)
    {
        IReadOnlySet<int>? usable = nexus.UsableLuns;
        var units = new SortedDictionary<int, ItlNexus>();
        foreach ((int lun, LogicalUnit unit) in inventory)
        {
            if (usable is not null && !usable.Contains(lun)) continue;
            ItlNexus? known = before?.Find(lun);
            units[lun] = known is not null && known.Unit == unit ? known : unit.Attach(nexus, LunField.Encode(lun));
        }

        foreach ((int lun, ItlNexus old) in before?.byLun ?? FrozenDictionary<int, ItlNexus>.Empty)
            if (units.GetValueOrDefault(lun) != old) old.Unit.Detach(old);

        return new NexusUnits(inventory, usable, units);
    }
}

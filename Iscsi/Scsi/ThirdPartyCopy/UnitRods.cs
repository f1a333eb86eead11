using System.Collections.Immutable;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// The RODs of one unit. Every change of the medium tells of itself here before it happens, inside the unit's gate; while there are no RODs that is
/// one look at a field. Any thread.
/// </summary>
internal sealed class UnitRods
{
    private ImmutableArray<Rod> rods = [];

    /// <summary>Adds a ROD. The caller has the unit for himself, so that every change is either in it already or will see it.</summary>
    public void Add(Rod rod) => ImmutableInterlocked.Update(ref rods, (all, added) => all.Add(added), rod);

    /// <summary>A ROD is gone.</summary>
    public void Remove(Rod rod) => ImmutableInterlocked.Update(ref rods, (all, removed) => all.Remove(removed), rod);

    /// <summary>A range is about to change: RODs that have a part of it end.</summary>
    public void Changing(long offsetBytes, long lengthBytes)
    {
        ImmutableArray<Rod> all = rods;
        if (all.IsEmpty) return;
        foreach (Rod rod in all) rod.Changing(new MediumRange(offsetBytes, lengthBytes));
    }
}

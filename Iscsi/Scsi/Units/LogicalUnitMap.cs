using System.Collections.Immutable;

namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// The logical units of one target by LUN, 0 to 16383 (peripheral and flat addressing, SAM-5 4.7.7). Changed while hosts are logged
/// in: every I_T nexus of the target then hears REPORTED LUNS DATA HAS CHANGED. Any thread.
/// </summary>
public sealed class LogicalUnitMap(TargetPort port)
{
    /// <summary>The greatest LUN.</summary>
    public const int MaxLun = 0x3FFF;

    private ImmutableSortedDictionary<int, LogicalUnit> units = ImmutableSortedDictionary<int, LogicalUnit>.Empty;

    /// <summary>The target port through which the units are reached.</summary>
    public TargetPort Port { get; } = port;

    /// <summary>The units now.</summary>
    public ImmutableSortedDictionary<int, LogicalUnit> Units => Volatile.Read(ref units);

    /// <summary>Maps a unit. Throws <see cref="ArgumentException"/> where the LUN is taken or out of range.</summary>
    public void Add(int lun, LogicalUnit unit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lun);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lun, MaxLun);
        ArgumentNullException.ThrowIfNull(unit);
        ImmutableInterlocked.Update(ref units, (map, item) => map.Add(item.lun, item.unit), (lun, unit));
        unit.AddPort(Port);
    }

    /// <summary>Unmaps a LUN; false where it is not mapped. Its commands then fail with LOGICAL UNIT NOT SUPPORTED (5/25/00).</summary>
    public bool Remove(int lun) => ImmutableInterlocked.Update(ref units, (map, key) => map.Remove(key), lun);
}

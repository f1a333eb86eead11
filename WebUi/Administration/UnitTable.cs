using System.Collections.Concurrent;
using Lunaria.Iscsi.Scsi;
using Lunaria.Volumes;
using Lunaria.WebUi.Catalog;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// The logical unit of each volume that is mapped. A volume that several LUNs show is one unit, so that all paths see one state of it. Any thread.
/// </summary>
internal sealed class UnitTable(VolumeManager volumes, TargetStore store, Func<Volume, UnitRecord, IBlockDevice> openMedium)
{
    private static readonly UnitRecord Default = new();

    private readonly ConcurrentDictionary<Guid, UnitRecord> _seen = new(store.ReadUnits());
    private readonly ConcurrentDictionary<Guid, Lazy<LogicalUnit>> _units = [];

    /// <summary>The unit of a volume, made where there is none.</summary>
    public LogicalUnit Get(Volume volume) => _units.GetOrAdd(volume.Uuid, _ => new Lazy<LogicalUnit>(() => Create(volume))).Value;

    /// <summary>The unit of a volume; null where it is not mapped.</summary>
    public LogicalUnit? Find(Guid volume) => _units.GetValueOrDefault(volume)?.Value;

    /// <summary>The volume is no longer mapped.</summary>
    public void Forget(Guid volume) => _units.TryRemove(volume, out _);

    /// <summary>How hosts see a volume.</summary>
    public UnitRecord Seen(Guid volume) => _seen.GetValueOrDefault(volume, Default);

    /// <summary>Says for good how hosts see a volume; without effect where it has been said.</summary>
    public void Say(Guid volume, UnitRecord unit)
    {
        store.AddUnit(volume, unit);
        _seen.TryAdd(volume, unit);
    }

    /// <summary>The volume is gone.</summary>
    public void Remove(Guid volume)
    {
        Forget(volume);
        store.RemoveUnit(volume);
        _seen.TryRemove(volume, out _);
    }

    /// <summary>What a unit keeps beyond the process lies in lunaria.db. A change waits for the medium, so not on the connection's thread.</summary>
    private LogicalUnit Create(Volume volume) => new(openMedium(volume, Seen(volume.Uuid)), new LogicalUnitOptions
    {
        Identity = volume.Uuid,
        Removable = Seen(volume.Uuid).Removable,
        WriteSameToEnd = Seen(volume.Uuid).WriteSameToEnd,
        Store = new LogicalUnitStore(
            key => volumes.Metadata.ReadReservations($"{volume.Uuid:D}/{key}"),
            (key, content) => new ValueTask(Task.Run(() => volumes.Metadata.WriteReservations($"{volume.Uuid:D}/{key}", content.Length == 0 ? null : content)))),
    });
}

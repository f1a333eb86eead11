using System.Collections.Concurrent;
using Lunaria.Volumes;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// Snapshots that were taken and that the pool did not have whole when last looked at. Whoever takes one adds it, on any thread; the watch of the appliance asks which have
/// arrived. Those that wait when the process ends are found again by <see cref="Find"/>.
/// </summary>
internal sealed class StoredSnapshots(VolumeManager volumes)
{
    private readonly ConcurrentDictionary<Guid, byte> _waiting = new();

    /// <summary>Snapshots that were taken just now.</summary>
    public void Add(IEnumerable<Snapshot> taken)
    {
        foreach (var snapshot in taken)
            _waiting[snapshot.Uuid] = 0;
    }

    /// <summary>Adds all that wait: once, at the start.</summary>
    public void Find() => Add(volumes.Volumes.SelectMany(volumes.ListSnapshots).Where(snapshot => !volumes.GetProgress(snapshot).IsDone));

    /// <summary>Those that the pool has whole now; each is told once. Deleted ones are forgotten.</summary>
    public IReadOnlyList<Snapshot> TakeStored()
    {
        List<Snapshot> stored = [];
        foreach (var uuid in _waiting.Keys)
        {
            var snapshot = volumes.FindSnapshot(uuid);
            if (snapshot != null && !volumes.GetProgress(snapshot).IsDone)
                continue;
            _waiting.TryRemove(uuid, out _);
            if (snapshot != null)
                stored.Add(snapshot);
        }

        return stored;
    }
}

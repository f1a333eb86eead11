using System.Collections.Concurrent;
using Lunaria.Volumes;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// The snapshots that LUNs show, each open for reading as long as one does. Opened and closed by whoever holds the lock of the snapshot's volume; found by any thread.
/// </summary>
internal sealed class MappedSnapshots(VolumeManager manager)
{
    private readonly ConcurrentDictionary<Guid, Volume> _open = [];

    /// <summary>A snapshot that is open, or null.</summary>
    public Volume? Find(Guid uuid) => _open.GetValueOrDefault(uuid);

    /// <summary>Opens a snapshot, or gives the one that is open.</summary>
    public async Task<Volume> OpenAsync(Snapshot snapshot) =>
        Find(snapshot.Uuid) ?? _open.GetOrAdd(snapshot.Uuid, await EngineCalls.RunAsync(() => manager.OpenSnapshotAsync(snapshot)));

    /// <summary>Opens what a LUN of lunaria.db shows, before anything is served; null where there is no such snapshot.</summary>
    public Volume? OpenAtStart(Guid uuid) =>
        manager.FindSnapshot(uuid) is { } snapshot ? OpenAsync(snapshot).GetAwaiter().GetResult() : null;

    /// <summary>No LUN shows it any more.</summary>
    public async Task CloseAsync(Guid uuid)
    {
        if (_open.TryRemove(uuid, out var view))
            await manager.CloseSnapshotAsync(view);
    }
}

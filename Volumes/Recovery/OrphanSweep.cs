using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// Deletes the segments that an earlier life put and never published: those at or above the next sequence of their volume. Runs once in a life, before its
/// first put, which gets a name that none of them had.
/// </summary>
internal sealed class OrphanSweep(IObjectStore store, SegmentTable table, EngineParts engine)
{
    /// <summary>Complete = there is no orphan of any line; gives how many there were. The store is asked until it answers.</summary>
    public async ValueTask<int> RunAsync(CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                int deleted = 0;
                foreach ((uint line, Guid uuid) in table.Owners)
                    deleted += await SweepAsync(line, uuid, cancellation);
                engine.Health.SetStore(VolumeHealth.Online);
                return deleted;
            }
            catch (ObjectStoreException e)
            {
                engine.Health.SetStore(new(HealthState.StoreFailing, e.Message));
                await Task.Delay(BackOff.Delay(attempt, engine.Time), engine.Time, cancellation);
            }
    }

    private async ValueTask<int> SweepAsync(uint line, Guid uuid, CancellationToken cancellation)
    {
        ulong next = table.NextSequence(line);
        List<string> orphans = [];
        await foreach (ObjectInfo found in store.ListAsync(SegmentKey.VolumePrefix(uuid), cancellation))
            if (SegmentKey.TryParse(found.Key, uuid, out ulong sequence) && sequence >= next)
            {
                table.Tried(line, sequence);
                orphans.Add(found.Key);
            }
        foreach (string key in orphans)
            await store.DeleteAsync(key, cancellation);
        return orphans.Count;
    }
}

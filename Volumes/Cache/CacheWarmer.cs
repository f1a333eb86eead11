using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Reads from the store again what was in use on devices that left or failed, once there is a new one: one window at a time, beside what hosts read. Owned by the cache; one call
/// at a time.
/// </summary>
internal sealed class CacheWarmer(CacheSlots slots, AdmissionQueue queue, SegmentStore segments)
{
    /// <summary>Ends when all of it was asked for, or <paramref name="stop"/> is set. Never fails: what cannot be read comes when a host asks for it.</summary>
    public async Task WarmAsync(CancellationToken stop)
    {
        foreach ((ulong key, Guid volume) in slots.TakeDeparted())
        {
            if (stop.IsCancellationRequested)
                return;
            if (slots.FindClient(volume) is not { } client || client.Policy.Behaviour == CacheBehaviour.None)
                continue;
            slots.Expect(key);
            await segments.WarmAsync(key, client);
            await queue.WaitEmptyAsync();
        }
    }
}

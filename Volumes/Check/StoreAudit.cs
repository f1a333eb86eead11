using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Segments;
using Nito.AsyncEx;

namespace Lunaria.Volumes.Check;

/// <summary>
/// Compares the store with the segment table of the running engine. Fails closed: an object goes only when it was an orphan in an earlier audit, still is one now, and lies below
/// every sequence that may be under way. Owned by the volume manager; one run at a time.
/// </summary>
internal sealed class StoreAudit(IObjectStore store, Publisher publisher, TimeProvider time)
{
    private const int MaxListed = 1000;
    private readonly Dictionary<string, DateTimeOffset> _orphans = [];
    private readonly AsyncLock _one = new();

    /// <summary>Lists, and clears orphans that are known for at least <paramref name="clearAfter"/>; null = none.</summary>
    public async Task<AuditReport> RunAsync(TimeSpan? clearAfter, CancellationToken cancellation)
    {
        using (await _one.LockAsync(cancellation))
        {
            // What is put from here on has at least the next sequence of its line: it is not looked at.
            Dictionary<Guid, ulong> next = await publisher.WhileMapRestsAsync(maps => maps.Segments.Owners.ToDictionary(owner => owner.Uuid, owner => maps.Segments.NextSequence(owner.Number)));
            List<StoredSegment> all = await StoredSegment.ListAsync(store, cancellation);
            Dictionary<(Guid Line, ulong Sequence), long> named = await publisher.WhileMapRestsAsync(
                maps => maps.Segments.Rows.ToDictionary(entry => (maps.Segments.VolumeUuid(entry.Row.Volume), entry.Row.Sequence), entry => entry.Row.References));
            // Nor what is of lines that began meanwhile. A line that is not known afterwards either is one that an import forgot.
            HashSet<Guid> begun = await publisher.WhileMapRestsAsync(maps => maps.Segments.Owners.Select(owner => owner.Uuid).Where(line => !next.ContainsKey(line)).ToHashSet());
            List<StoredSegment> stored = [.. all.Where(segment => !begun.Contains(segment.Line))];
            List<StoredSegment> orphans = [.. stored.Where(segment => segment.Sequence < next.GetValueOrDefault(segment.Line, ulong.MaxValue) && !named.ContainsKey((segment.Line, segment.Sequence)))];
            HashSet<(Guid, ulong)> there = [.. stored.Select(segment => (segment.Line, segment.Sequence))];
            List<string> missing = await LackingAsync([.. named.Where(entry => entry.Value > 0 && next.TryGetValue(entry.Key.Line, out ulong end) && entry.Key.Sequence < end && !there.Contains(entry.Key))
                .Select(entry => SegmentKey.Format(entry.Key.Line, entry.Key.Sequence))], cancellation);
            (List<OrphanObject> left, long cleared) = await ClearAsync(orphans, clearAfter, cancellation);
            return new(
                stored.Count - orphans.Count, stored.Sum(segment => segment.LengthBytes) - orphans.Sum(orphan => orphan.LengthBytes), [.. left.Take(MaxListed)],
                left.Sum(orphan => orphan.LengthBytes), cleared, missing);
        }
    }

    /// <summary>Those that the store really lacks: a list may lag behind, an object does not.</summary>
    private async Task<List<string>> LackingAsync(List<string> unlisted, CancellationToken cancellation)
    {
        List<string> lacking = [];
        foreach (string key in unlisted)
            if (await store.HeadAsync(key, cancellation) is null)
                lacking.Add(key);
        return lacking;
    }

    private async Task<(List<OrphanObject> Left, long Cleared)> ClearAsync(List<StoredSegment> found, TimeSpan? clearAfter, CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (string key in _orphans.Keys.Except(found.Select(orphan => orphan.Key)).ToList())
            _orphans.Remove(key);
        List<OrphanObject> left = [];
        long cleared = 0;
        foreach (StoredSegment orphan in found)
        {
            bool wasKnown = !_orphans.TryAdd(orphan.Key, now);
            if (!wasKnown || clearAfter is not { } grace || now - _orphans[orphan.Key] < grace)
            {
                left.Add(new(orphan.Key, orphan.LengthBytes, _orphans[orphan.Key]));
                continue;
            }
            await store.DeleteAsync(orphan.Key, cancellation);
            _orphans.Remove(orphan.Key);
            cleared++;
        }
        return (left, cleared);
    }
}

namespace Lunaria.Volumes.Segments;

/// <summary>
/// Keeps segments from being deleted that only the write log names: those of ranges which were cloned and are not published yet. What the log names it may name
/// again in a replay, even where it was written over since, so a pin goes only when the log below it never is replayed. Owned by the engine; any thread.
/// </summary>
internal sealed class SegmentPins(SegmentTable table)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, int> _pins = [];
    private readonly HashSet<uint> _deleting = [];
    private readonly PriorityQueue<SegmentId[], ulong> _held = new();

    /// <summary>The segment stays until <see cref="Unpin"/>, or <see cref="Release"/> behind <see cref="Hold"/>. False = it is going, or gone.</summary>
    public bool TryPin(SegmentId segment)
    {
        lock (_lock)
        {
            if (_deleting.Contains(segment.Value) || !table.TryGet(segment, out _))
                return false;
            _pins[segment.Value] = _pins.GetValueOrDefault(segment.Value) + 1;
            return true;
        }
    }

    /// <summary>Takes pins back.</summary>
    public void Unpin(IEnumerable<SegmentId> segments)
    {
        lock (_lock)
            foreach (SegmentId segment in segments)
                RemovePin(segment);
    }

    /// <summary>The record at <paramref name="recordLsn"/> names segments that are pinned. Before a publish can be behind it.</summary>
    public void Hold(ulong recordLsn, SegmentId[] segments)
    {
        lock (_lock)
            _held.Enqueue(segments, recordLsn);
    }

    /// <summary>No record below <paramref name="publishedLsn"/> is replayed any more, and the map counts what it names.</summary>
    public void Release(ulong publishedLsn)
    {
        lock (_lock)
            while (_held.TryPeek(out SegmentId[]? segments, out ulong lsn) && lsn < publishedLsn)
            {
                _held.Dequeue();
                foreach (SegmentId segment in segments)
                    RemovePin(segment);
            }
    }

    /// <summary>True where a segment is pinned.</summary>
    public bool Contains(SegmentId segment)
    {
        lock (_lock)
            return _pins.ContainsKey(segment.Value);
    }

    /// <summary>All that are pinned now.</summary>
    public IReadOnlyList<uint> All
    {
        get
        {
            lock (_lock)
                return [.. _pins.Keys];
        }
    }

    /// <summary>From now on nobody pins the segment, which the caller deletes. False = it is pinned.</summary>
    public bool TryBeginDelete(SegmentId segment)
    {
        lock (_lock)
            return !_pins.ContainsKey(segment.Value) && _deleting.Add(segment.Value);
    }

    /// <summary>The segment is out of the table, or stays after all.</summary>
    public void EndDelete(SegmentId segment)
    {
        lock (_lock)
            _deleting.Remove(segment.Value);
    }

    private void RemovePin(SegmentId segment)
    {
        if (--_pins[segment.Value] == 0)
            _pins.Remove(segment.Value);
    }
}

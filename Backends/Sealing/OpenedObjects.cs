using System.Collections.Concurrent;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// The objects whose first page was read or written last, so that a read of a range needs no other one. May lose entries at any time; one that is outdated is noticed, since no
/// frame of another object opens with it. Owned by the store; thread-safe.
/// </summary>
internal sealed class OpenedObjects(int capacity)
{
    private readonly ConcurrentDictionary<string, OpenedObject> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<KeyValuePair<string, OpenedObject>> _order = new();

    /// <summary>Most that are kept: an entry is about 2 KiB with its cipher.</summary>
    public const int DefaultCapacity = 8192;

    /// <summary>The object of that name; null where it is not known.</summary>
    public OpenedObject? Find(string key) => _objects.GetValueOrDefault(key);

    /// <summary>Keeps it; the oldest goes where there are too many.</summary>
    public void Add(string key, OpenedObject opened)
    {
        _objects[key] = opened;
        _order.Enqueue(new(key, opened));
        while (_order.Count > capacity && _order.TryDequeue(out KeyValuePair<string, OpenedObject> oldest))
            _objects.TryRemove(oldest);
    }

    /// <summary>Forgets what is known under a name.</summary>
    public void Remove(string key) => _objects.TryRemove(key, out _);

    /// <summary>Forgets what is known under names that begin so.</summary>
    public void RemoveBelow(string prefix)
    {
        foreach (string key in _objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)))
            Remove(key);
    }
}

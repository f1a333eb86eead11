namespace Lunaria.WebUi.Live;

/// <summary>The newest items, a fixed number of them. Whoever owns it locks.</summary>
internal sealed class Ring<T>(int capacity)
    where T : class
{
    private readonly T[] _items = new T[capacity];
    private int _next;
    private int _count;

    /// <summary>The newest item; null where there is none.</summary>
    public T? Newest => _count == 0 ? null : _items[(_next + capacity - 1) % capacity];

    /// <summary>Adds one; the oldest makes room.</summary>
    public void Add(T item)
    {
        _items[_next] = item;
        _next = (_next + 1) % capacity;
        _count = Math.Min(_count + 1, capacity);
    }

    /// <summary>All of them, the oldest first.</summary>
    public List<T> ToList() => [.. Enumerable.Range(0, _count).Select(index => _items[(_next + capacity - _count + index) % capacity])];
}

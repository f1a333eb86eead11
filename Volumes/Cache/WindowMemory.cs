namespace Lunaria.Volumes.Cache;

/// <summary>
/// Windows that were read from the store a moment ago, or are being read, in memory under a byte budget: the first that came leaves first. So what many ask for at once is read
/// once, and what was read ahead waits here. Owned by the segment store; thread-safe.
/// </summary>
internal sealed class WindowMemory(long budgetBytes)
{
    private readonly int _limit = (int)Math.Max(1, budgetBytes / CacheWindow.Bytes);
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, MemoryWindow> _windows = [];
    private readonly Queue<MemoryWindow> _order = new();
    private readonly Stack<byte[]> _spare = new();
    private int _buffers;

    /// <summary>Bytes of memory that it may hold.</summary>
    public long BudgetBytes => (long)_limit * CacheWindow.Bytes;

    /// <summary>Bytes of memory held.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
                return (long)_buffers * CacheWindow.Bytes;
        }
    }

    /// <summary>True where the window is here or on its way.</summary>
    public bool Contains(ulong key)
    {
        lock (_lock)
            return _windows.ContainsKey(key);
    }

    /// <summary>Copies blocks of a window; false = they are not here. Allocates nothing.</summary>
    public bool TryRead(ulong key, int firstBlock, Span<byte> destination)
    {
        ushort mask = CacheWindow.Mask(firstBlock, destination.Length / 4096);
        lock (_lock)
        {
            if (!_windows.TryGetValue(key, out MemoryWindow? window) || (window.Valid & mask) != mask)
                return false;
            window.Bytes.AsSpan(firstBlock * 4096, destination.Length).CopyTo(destination);
            return true;
        }
    }

    /// <summary>
    /// The window of a key: one that is being loaded or just was; or a new one (<paramref name="isNew"/>), which the caller now loads and ends with
    /// <see cref="Complete"/> or <see cref="Fail"/>. Null where there is no room: everything is in use.
    /// </summary>
    public MemoryWindow? Begin(ulong key, out bool isNew)
    {
        isNew = false;
        lock (_lock)
        {
            if (_windows.TryGetValue(key, out MemoryWindow? window))
                return window;
            if (TakeBuffer() is not { } bytes)
                return null;
            window = new(key, bytes) { Pins = 1 };
            _windows.Add(key, window);
            _order.Enqueue(window);
            isNew = true;
            return window;
        }
    }

    /// <summary>The bytes of a new window are there; <paramref name="valid"/>: the blocks that are right. Who pins it keeps the bytes as they are until <see cref="Unpin"/>.</summary>
    public void Complete(MemoryWindow window, ushort valid, bool pin)
    {
        lock (_lock)
        {
            window.Valid = valid;
            if (!pin)
                window.Pins--;
        }
        window.Loading.TrySetResult();
    }

    /// <summary>The bytes of a new window could not be had; all who wait hear why.</summary>
    public void Fail(MemoryWindow window, Exception cause)
    {
        lock (_lock)
        {
            _windows.Remove(window.Key);
            window.Pins--;
        }
        window.Loading.TrySetException(cause);
        _ = window.Loading.Task.Exception; // Where nobody waits, nobody needs to hear.
    }

    /// <summary>The bytes are not needed any more.</summary>
    public void Unpin(MemoryWindow window)
    {
        lock (_lock)
            window.Pins--;
    }

    /// <summary>Nothing of a deleted segment is kept.</summary>
    public void Forget(ulong key)
    {
        lock (_lock)
            if (_windows.Remove(key, out MemoryWindow? window))
                window.Valid = 0;
    }

    private byte[]? TakeBuffer()
    {
        if (_spare.TryPop(out byte[]? spare))
            return spare;
        if (_buffers < _limit)
        {
            _buffers++;
            return GC.AllocateUninitializedArray<byte>(CacheWindow.Bytes);
        }
        for (int look = _order.Count; look > 0; look--)
        {
            MemoryWindow oldest = _order.Dequeue();
            if (oldest.Pins > 0)
            {
                _order.Enqueue(oldest);
                continue;
            }
            if (_windows.TryGetValue(oldest.Key, out MemoryWindow? current) && current == oldest)
                _windows.Remove(oldest.Key);
            oldest.Valid = 0;
            return oldest.Bytes;
        }
        return null;
    }
}

/// <summary>A window in memory. Changed by its <see cref="WindowMemory"/>.</summary>
internal sealed class MemoryWindow(ulong key, byte[] bytes)
{
    /// <summary>Key of the window.</summary>
    public ulong Key { get; } = key;

    /// <summary>64 KiB.</summary>
    public byte[] Bytes { get; } = bytes;

    /// <summary>Blocks that are there and right; 0 while it is loaded.</summary>
    public ushort Valid { get; set; }

    /// <summary>Who needs the bytes as they are.</summary>
    public int Pins { get; set; }

    /// <summary>Ends when it is loaded; with the reason where that failed.</summary>
    public TaskCompletionSource Loading { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

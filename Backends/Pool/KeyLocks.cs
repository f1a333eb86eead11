using Nito.AsyncEx;

namespace Lunaria.Backends.Pool;

/// <summary>
/// Excludes changes of one key from each other. Holds as many locks as there are changes in progress; no caller holds two. Thread-safe; owned by
/// a store.
/// </summary>
internal sealed class KeyLocks
{
    private readonly Dictionary<string, KeyLock> locks = new(StringComparer.Ordinal);

    /// <summary>Waits until nobody else changes the key; dispose the result to let the next one in.</summary>
    public async ValueTask<Held> TakeAsync(string key, CancellationToken cancellation)
    {
        KeyLock mine = Join(key);
        try
        {
            return new Held(this, key, mine, await mine.Turn.TakeAsync(cancellation));
        }
        catch
        {
            Leave(key, mine);
            throw;
        }
    }

    private KeyLock Join(string key)
    {
        lock (locks)
        {
            if (!locks.TryGetValue(key, out KeyLock? mine))
                locks.Add(key, mine = new KeyLock());
            mine.Users++;
            return mine;
        }
    }

    private void Leave(string key, KeyLock mine)
    {
        lock (locks)
        {
            if (--mine.Users > 0)
                return;
            locks.Remove(key);
        }
    }

    /// <summary>A lock that is held.</summary>
    internal readonly struct Held(KeyLocks owner, string key, KeyLock mine, IDisposable turn) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose()
        {
            turn.Dispose();
            owner.Leave(key, mine);
        }
    }

    /// <summary>The lock of one key: whose turn it is, and how many hold it or wait.</summary>
    internal sealed class KeyLock
    {
        public AsyncLock Turn { get; } = new();

        public int Users { get; set; }
    }
}

namespace Lunaria.Backends.Pool;

/// <summary>
/// Excludes changes of one key from each other, a fixed number of locks for all keys: two keys may share one and then wait for each other.
/// No caller holds two. Thread-safe; owned by a <see cref="LocalPool"/>.
/// </summary>
internal sealed class KeyLocks
{
    private readonly SemaphoreSlim[] locks = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Waits until nobody else changes the key; dispose the result to let the next one in.</summary>
    public async ValueTask<Held> TakeAsync(string key, CancellationToken cancellation)
    {
        SemaphoreSlim mine = locks[(uint)key.GetHashCode(StringComparison.Ordinal) % (uint)locks.Length];
        await mine.WaitAsync(cancellation);
        return new Held(mine);
    }

    /// <summary>A lock that is held.</summary>
    internal readonly struct Held(SemaphoreSlim mine) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => mine.Release();
    }
}

using Nito.AsyncEx;

namespace Lunaria.Backends.Pool;

/// <summary>What <see cref="AsyncLock"/> lacks. Stateless.</summary>
internal static class AsyncLockExtensions
{
    /// <summary>Waits for the lock; dispose the result to let the next one in. LockAsync gives a lock that nobody holds also to who was cancelled before: this never does.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, now or before.</exception>
    public static AwaitableDisposable<IDisposable> TakeAsync(this AsyncLock turn, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return turn.LockAsync(cancellation);
    }
}

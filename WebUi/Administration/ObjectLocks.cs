namespace Lunaria.WebUi.Administration;

/// <summary>
/// One change at a time of each object; who comes second waits a little and is then told who holds it. Any thread.
/// </summary>
internal sealed class ObjectLocks(TimeProvider time)
{
    /// <summary>Changes are short; one that is not says so after this long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _sync = new();
    private readonly Dictionary<string, Holder> _holders = new(StringComparer.Ordinal);

    /// <summary>
    /// Takes the lock of an object until the answer is disposed. <see cref="RefusalKind.Busy"/> names the holder, what he does and since when.
    /// </summary>
    public async Task<IDisposable> TakeAsync(string subject, string who, string action)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            Holder other;
            lock (_sync)
            {
                if (!_holders.TryGetValue(subject, out other!))
                {
                    var own = new Holder(this, subject, who, action, time.GetUtcNow());
                    _holders.Add(subject, own);
                    return own;
                }
            }

            var left = Patience - time.GetElapsedTime(started);
            if (left > TimeSpan.Zero)
            {
                await other.Released.Task.WaitAsync(left, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            throw new RefusedException(
                RefusalKind.Busy, $"{subject} is being changed by {other.Who} ({other.Action}) since {other.Since:HH:mm:ss} UTC; try again when that is done.");
        }
    }

    private sealed record Holder(ObjectLocks Locks, string Subject, string Who, string Action, DateTimeOffset Since) : IDisposable
    {
        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            lock (Locks._sync)
                Locks._holders.Remove(Subject);
            Released.TrySetResult();
        }
    }
}

namespace Lunaria.Volumes.Destage;

/// <summary>Tells everybody who waits that the destager has published something. Rung by the destager, awaited by any thread.</summary>
internal sealed class Gong
{
    private TaskCompletionSource _next = New();

    /// <summary>Completes with the next stroke. Who takes it before looking misses none.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Lets everybody who waits go.</summary>
    public void Strike() => Interlocked.Exchange(ref _next, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

using Nito.AsyncEx;

namespace Lunaria.Volumes;

/// <summary>
/// Lets one change at a time through of which volumes, lines and snapshots an engine has, until it is closed. Owned by the volume manager, shared with its services; any thread. Not
/// re-entrant.
/// </summary>
internal sealed class ChangeGate
{
    private readonly AsyncLock _one = new();
    private bool _isClosed;

    /// <summary>Makes a change. ObjectDisposedException once the engine is closed.</summary>
    public async ValueTask RunAsync(Func<ValueTask> change) => await RunAsync(async () =>
    {
        await change();
        return true;
    });

    /// <summary>Makes a change, and gives what it gives.</summary>
    public async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> change)
    {
        using (await _one.LockAsync())
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(VolumeManager));
            return await change();
        }
    }

    /// <summary>Waits for the change that is being made and lets none through from then on. False where it was closed before.</summary>
    public async ValueTask<bool> CloseAsync()
    {
        using (await _one.LockAsync())
            return !_isClosed && (_isClosed = true);
    }
}

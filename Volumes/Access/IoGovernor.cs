namespace Lunaria.Volumes.Access;

/// <summary>
/// Keeps a volume within its limits. An unlimited volume has none. Owned by the volume; any thread.
/// </summary>
internal sealed class IoGovernor(VolumeLimits limits, EngineParts engine)
{
    private readonly DirtyLimit? _dirty = limits.DirtyBytes is { } bytes ? new(bytes, engine) : null;
    private readonly TokenBucket? _operations = limits.OperationsPerSecond is { } perSecond ? new(perSecond, limits.BurstOperations ?? perSecond, engine.Time) : null;
    private readonly TokenBucket? _bytes = limits.BytesPerSecond is { } perSecond ? new(perSecond, limits.BurstBytes ?? perSecond, engine.Time) : null;
    private readonly TokenBucket? _floor = limits.FloorOperationsPerSecond is { } perSecond ? new(perSecond, perSecond, engine.Time) : null;

    private TimeSpan Patience => engine.Options.RoomWait;

    /// <summary>True where the next operation need not wait.</summary>
    public bool IsFree => (_operations is null || _operations.HasTokens) && (_bytes is null || _bytes.HasTokens);

    /// <summary>True where the next write need not wait for the store.</summary>
    public bool HasLogRoom(VolumeIndex index) => _dirty?.IsFree(index) != false;

    /// <summary>True where so much of the volume waits in the log that the destager should begin.</summary>
    public bool WantsDestage(VolumeIndex index) => _dirty?.WantsDestage(index) == true;

    /// <summary>Counts operations that were done at once, since <see cref="IsFree"/> was true.</summary>
    public void Count(int operations, long bytes)
    {
        _operations?.Take(operations, TimeSpan.MaxValue);
        _bytes?.Take(bytes, TimeSpan.MaxValue);
    }

    /// <summary>True where writes belong to the floor, so that back-pressure does not hold them; they are counted then.</summary>
    public bool TryTakeFloor(int operations) => _floor is { HasTokens: true } floor && floor.Take(operations, TimeSpan.Zero) is not null;

    /// <summary>Counts one operation and waits for its turn; false = that would take longer than hosts wait, so it is to be tried again.</summary>
    public async ValueTask<bool> WaitAsync(long bytes)
    {
        if (_operations?.Take(1, Patience) is var forOperation && _operations is not null && forOperation is null)
            return await RefuseAsync();
        if (_bytes?.Take(bytes, Patience) is var forBytes && _bytes is not null && forBytes is null)
            return await RefuseAsync();
        TimeSpan wait = (forOperation ?? default) > (forBytes ?? default) ? forOperation ?? default : forBytes ?? default;
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, engine.Time);
        return true;
    }

    /// <summary>As <see cref="WaitAsync"/>, and for the volume's part of the log; Ok = the write may go on.</summary>
    public async ValueTask<VolumeStatus> WaitToWriteAsync(long bytes, VolumeIndex index) =>
        !await WaitAsync(bytes) ? VolumeStatus.Unavailable : _dirty is null ? VolumeStatus.Ok : await _dirty.WaitAsync(index, bytes);

    /// <summary>Not at once: the host would come again at once.</summary>
    private async ValueTask<bool> RefuseAsync()
    {
        await Task.Delay(Patience, engine.Time);
        return false;
    }
}

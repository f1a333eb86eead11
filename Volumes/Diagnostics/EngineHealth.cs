using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Diagnostics;

/// <summary>
/// What is wrong with the parts all volumes share. Set by the destager, read by any thread. Writers that wait for room in the log hold
/// <see cref="NoRoomSoon"/>, which ends their wait when waiting has become pointless: a full store gets <c>spaceWait</c> for somebody to add space.
/// </summary>
internal sealed class EngineHealth(TimeSpan spaceWait, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _noRoomSoon = new(Timeout.InfiniteTimeSpan, time);
    private bool _waitsForSpace;
    private volatile VolumeHealth _store = VolumeHealth.Online;
    private volatile VolumeHealth? _stopped;

    /// <summary>Cancelled while the log cannot get room: the store is full, or destaging has stopped.</summary>
    public CancellationToken NoRoomSoon
    {
        get
        {
            lock (_lock)
                return _noRoomSoon.Token;
        }
    }

    /// <summary>The state of what is shared, now.</summary>
    public VolumeHealth Current(WriteLog log)
    {
        if (log.IsFenced)
            return new(HealthState.ReadOnly, "The write log failed to write or to flush and takes nothing more; replace the medium if it is at fault and start the appliance again.");
        return _stopped ?? _store;
    }

    /// <summary>The outcome of a write that finds no room.</summary>
    public VolumeStatus StatusOfFullLog =>
        _stopped is not null ? VolumeStatus.ReadOnly : _store.State == HealthState.OutOfSpace ? VolumeStatus.OutOfSpace : VolumeStatus.Unavailable;

    /// <summary>The store's state changed; true where it really did.</summary>
    public bool SetStore(VolumeHealth store)
    {
        bool changed = _store.State != store.State;
        _store = store;
        if (store.State == HealthState.OutOfSpace && spaceWait <= TimeSpan.Zero)
            GiveUpWaiting();
        else
            WaitForSpace(store.State == HealthState.OutOfSpace);
        return changed;
    }

    /// <summary>Destaging has stopped until the next start.</summary>
    public void Stop(VolumeHealth stopped)
    {
        _stopped = stopped;
        GiveUpWaiting();
    }

    public void Dispose() => _noRoomSoon.Dispose();

    /// <summary>From the moment on at which space is out writers wait for so long, those that come later for the rest of it; then none does until there is space.</summary>
    private void WaitForSpace(bool isFull)
    {
        lock (_lock)
        {
            if (_stopped is not null)
                return;
            if (isFull)
            {
                if (!_waitsForSpace)
                    _noRoomSoon.CancelAfter(spaceWait);
                _waitsForSpace = true;
                return;
            }

            _waitsForSpace = false;

            // Who waits with the token of before is woken by the room that there is now.
            _noRoomSoon.CancelAfter(Timeout.InfiniteTimeSpan);
            if (_noRoomSoon.IsCancellationRequested)
                _noRoomSoon = new(Timeout.InfiniteTimeSpan, time);
        }
    }

    private void GiveUpWaiting()
    {
        CancellationTokenSource waiting;
        lock (_lock)
            waiting = _noRoomSoon;
        waiting.Cancel();
    }
}

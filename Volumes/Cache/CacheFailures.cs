using Lunaria.Volumes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Decides when a device is not worth using any more: at the first write that fails, or after some reads. Nothing is lost by that but speed. Owned by the cache; thread-safe.
/// </summary>
internal sealed class CacheFailures(CacheSlots slots, ILogger logger)
{
    private const int MaxReadFailures = 4;
    private readonly Lock _lock = new();
    private readonly Dictionary<CacheDevice, int> _counts = [];

    /// <summary>A read of the device failed.</summary>
    public void Count(CacheDevice device, Exception cause)
    {
        int count;
        lock (_lock)
            count = _counts[device] = _counts.GetValueOrDefault(device) + 1;
        if (count >= MaxReadFailures)
            Fail(device, cause);
    }

    /// <summary>The device is not used from now on.</summary>
    public void Fail(CacheDevice device, Exception cause)
    {
        lock (_lock)
        {
            if (device.Failure is not null)
                return;
            device.Failure = cause.Message;
        }
        slots.Remove(device);
        VolumesLog.CacheDeviceFailed(logger, device.Path, cause);
    }
}

using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// Puts segments, and takes them back. What may succeed later is tried again until it does; an answer that was lost is settled by reading the
/// object back. The destager's; several calls at once.
/// </summary>
internal sealed class SegmentUploader(IObjectStore store, EngineHealth health, TimeProvider time, ILogger logger)
{
    /// <summary>Complete = the object is durable under this key. <paramref name="mayUseReserve"/>: it is going to free more than it takes.</summary>
    /// <exception cref="ObjectStoreException">OutOfSpace, Fatal, or Exists: an object that is not this one is there.</exception>
    public async Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation, bool mayUseReserve = false)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                if (mayUseReserve)
                    await store.PutFromReserveAsync(key, content, cancellation);
                else
                    await store.PutIfAbsentAsync(key, content, cancellation);
                return;
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry)
            {
                await WaitAsync(key, attempt, e, cancellation);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Exists)
            {
                if (await IsStoredAsync(key, content, cancellation))
                    return;
                throw new ObjectStoreException(
                    ObjectStoreError.Exists, $"Segment '{key}' exists with other content, and what was to be stored there gets another name. A late upload of an earlier start arrived, which an audit of the pool clears; or another appliance writes to this store, which must end.", e);
            }
    }

    /// <summary>Complete = there is no object under this key.</summary>
    public async Task DeleteAsync(string key, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                await store.DeleteAsync(key, cancellation);
                return;
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry)
            {
                await WaitAsync(key, attempt, e, cancellation);
            }
    }

    /// <summary>The object is read whole: then its store checks it, while of a part nobody knows whether a bit flipped on the way.</summary>
    private async Task<bool> IsStoredAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                if (await store.HeadAsync(key, cancellation) is not { } info || info.LengthBytes != content.Length)
                    return false;
                byte[] stored = new byte[content.Length];
                await store.GetAsync(key, 0, stored, cancellation);
                return content.Span.SequenceEqual(stored);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry)
            {
                await WaitAsync(key, attempt, e, cancellation);
            }
    }

    private Task WaitAsync(string key, int attempt, ObjectStoreException cause, CancellationToken cancellation)
    {
        health.SetStore(new(HealthState.StoreFailing, cause.Message));
        if (attempt == 0 || int.IsPow2(attempt))
            VolumesLog.PutFailed(logger, key, attempt + 1, cause);
        return Task.Delay(BackOff.Delay(attempt, time), time, cancellation);
    }
}

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
    private const int CompareBytes = 256 << 10;

    /// <summary>Complete = the object is durable under this key.</summary>
    /// <exception cref="ObjectStoreException">OutOfSpace, Fatal, or Exists: an object that is not this one is there.</exception>
    public async Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
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
                    ObjectStoreError.Exists, $"Segment '{key}' exists with other content: another appliance writes to this store, or a late answer of an earlier one arrived. Start this appliance again when it is the only one.", e);
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

    private async Task<bool> IsStoredAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        byte[] buffer = new byte[Math.Min(CompareBytes, content.Length)];
        for (int attempt = 0; ; attempt++)
            try
            {
                if (await store.HeadAsync(key, cancellation) is not { } info || info.LengthBytes != content.Length)
                    return false;
                for (int at = 0; at < content.Length; at += buffer.Length)
                {
                    Memory<byte> part = buffer.AsMemory(0, Math.Min(buffer.Length, content.Length - at));
                    await store.GetAsync(key, at, part, cancellation);
                    if (!part.Span.SequenceEqual(content.Span.Slice(at, part.Length)))
                        return false;
                }
                return true;
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

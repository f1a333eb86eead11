using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends;

/// <summary>
/// Any store, with the time of each request recorded. What is answered without waiting is not counted. Owned by who made it, like the store inside; any thread.
/// </summary>
public sealed class MeteredStore : IObjectStore
{
    private static readonly KeyValuePair<string, object?> Put = new("operation", "put"), Get = new("operation", "get"), Other = new("operation", "other");

    private readonly IObjectStore _inner;
    private readonly Histogram<double> _durations;

    /// <summary>Records into the histogram lunaria_store_request_duration_seconds of <paramref name="meter"/>.</summary>
    public MeteredStore(IObjectStore inner, Meter meter)
    {
        _inner = inner;
        _durations = meter.CreateHistogram<double>("lunaria_store_request_duration_seconds", "s", "Time of requests to the store, failed ones included.");
    }

    /// <inheritdoc/>
    public ObjectStoreCapabilities Capabilities => _inner.Capabilities;

    /// <inheritdoc/>
    public ObjectStoreSpace? Space => _inner.Space;

    /// <inheritdoc/>
    public bool TryGet(string key, long offsetBytes, Span<byte> destination) => _inner.TryGet(key, offsetBytes, destination);

    /// <inheritdoc/>
    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellation) => _inner.ListAsync(prefix, cancellation);

    /// <inheritdoc/>
    public async ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        using (Timed(Put))
            return await _inner.PutIfAbsentAsync(key, content, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        using (Timed(Put))
            return await _inner.CompareAndSetAsync(key, expectedTag, content, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        using (Timed(Get))
            await _inner.GetAsync(key, offsetBytes, destination, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<bool> MendAsync(string key, CancellationToken cancellation) => _inner.MendAsync(key, cancellation);

    /// <inheritdoc/>
    public async ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation)
    {
        using (Timed(Other))
            return await _inner.HeadAsync(key, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellation)
    {
        using (Timed(Other))
            await _inner.DeleteAsync(key, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private Request Timed(KeyValuePair<string, object?> operation) => new(_durations, operation, Stopwatch.GetTimestamp());

    private readonly record struct Request(Histogram<double> Durations, KeyValuePair<string, object?> Operation, long Started) : IDisposable
    {
        public void Dispose() => Durations.Record(Stopwatch.GetElapsedTime(Started).TotalSeconds, Operation);
    }
}

using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Lunaria.Backends.Pool;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.S3;

/// <summary>
/// An object store in a bucket of any S3-compatible store: a pool is a prefix. Owned by who opened it; thread-safe. Dispose it when no call is in progress.
/// An upload whose answer was lost is settled by the writer's mark that each object carries.
/// </summary>
public sealed class S3ObjectStore : IObjectStore
{
    /// <summary>Largest object.</summary>
    public const int MaxObjectBytes = 64 << 20;
    private const int KeysPerPage = 1000;

    private readonly S3StoreOptions options;
    private readonly TimeProvider time;
    private readonly S3Requests requests;
    private readonly S3Lane reads, writes;
    private readonly HedgedReader reader;
    // The destager makes many of these one after the other: one that hangs must not cost its whole time limit.
    private readonly Hedge looks, deletions;
    private readonly KeyLocks keyLocks = new();

    private S3ObjectStore(S3StoreOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        AWSCredentials? credentials = S3Credentials.Find(options);
        var ring = new EndpointRing(options.Endpoints.Count, options.EndpointRest, time);
        requests = new S3Requests(options);
        reads = new S3Lane(options, credentials, ring, options.MaxReads, time);
        writes = new S3Lane(options, credentials, ring, options.MaxWrites, time);
        reader = new HedgedReader(reads, requests, time);
        (looks, deletions) = (new Hedge(reads, time), new Hedge(writes, time));
        Capabilities = new(ConditionalWrites: false, MaxObjectBytes, options.SegmentBytes, IsShared: true);
    }

    /// <summary>
    /// Opens the pool's prefix and finds out what the store can do. Waits, with a warning, for a store that cannot be reached; Fatal with cause and
    /// remedy where it refuses: wrong keys, no bucket, no right to write.
    /// </summary>
    public static async ValueTask<S3ObjectStore> OpenAsync(S3StoreOptions options, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        S3ObjectStore store;
        try
        {
            store = new S3ObjectStore(options, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new ObjectStoreException(ObjectStoreError.Fatal, $"The CA file {options.CaFile} cannot be used: {e.Message} Name a PEM file with the store's CA.", e);
        }

        try
        {
            ConditionProbe.Verdict verdict = await WaitForStoreAsync(store, time, logger, cancellation);
            store.requests.QuotesTags = verdict.QuotesTags;
            store.Capabilities = store.Capabilities with { ConditionalWrites = verdict.Excludes };
            S3Log.Opened(logger, options.DisplayName, verdict.Excludes, verdict.QuotesTags);
            if (!verdict.Excludes)
                S3Log.SingleOwner(logger, options.DisplayName, verdict.Reason);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ObjectStoreCapabilities Capabilities { get; private set; }

    /// <summary>Null: a bucket has no known end.</summary>
    public ObjectStoreSpace? Space => null;

    /// <inheritdoc/>
    public async ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        CheckPut(key, content.Length);
        if (Capabilities.ConditionalWrites)
            return await PutAsync(key, content, S3Condition.Absent, cancellation);
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        return await FindAsync(key, cancellation) is null ? await PutAsync(key, content, S3Condition.None, cancellation) : throw Exists(key);
    }

    /// <inheritdoc/>
    public async ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        CheckPut(key, content.Length);
        if (Capabilities.ConditionalWrites)
            return await PutAsync(key, content, expectedTag is null ? S3Condition.Absent : new(false, expectedTag), cancellation);
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        return (await FindAsync(key, cancellation))?.Info.Tag == expectedTag ? await PutAsync(key, content, S3Condition.None, cancellation) : throw Exists(key);
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        if (offsetBytes < 0)
            throw OutOfObject(key, offsetBytes, destination.Length);
        if (destination.Length > 0)
        {
            await ReadAsync(key, offsetBytes, destination, cancellation);
            return;
        }
        S3Head head = await FindAsync(key, cancellation) ?? throw new ObjectStoreException(ObjectStoreError.NotFound, $"{options.DisplayName} has no object '{key}'.");
        if (offsetBytes > head.Info.LengthBytes)
            throw OutOfObject(key, offsetBytes, 0);
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        return (await FindAsync(key, cancellation))?.Info;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? from = null;
        do
        {
            S3Page page = await writes.RunAsync($"listing '{prefix}'", 0, (address, token) => requests.ListAsync(address, prefix, from, KeysPerPage, token), cancellation);
            foreach (ObjectInfo info in page.Objects)
                yield return info;
            from = page.Next;
        }
        while (from is not null);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        await deletions.RunAsync((_, stop) => writes.RunAsync($"deleting object '{key}'", 0, async (address, token) =>
        {
            await requests.DeleteAsync(address, key, token);
            return true;
        }, stop), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        reads.Dispose();
        writes.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async ValueTask<ConditionProbe.Verdict> WaitForStoreAsync(S3ObjectStore store, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                return await new ConditionProbe(store.writes, store.requests).RunAsync(cancellation);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry)
            {
                if (S3Errors.IsRefusal(e))
                    throw new ObjectStoreException(ObjectStoreError.Fatal, e.Message, e);
                S3Log.Waiting(logger, e.Message);
                await Task.Delay(BackOff.Delay(attempt, time), time, cancellation);
            }
    }

    /// <summary>
    /// Uploads, trying again. A condition that fails after an attempt without an answer may have been made false by that attempt: the writer's mark tells.
    /// </summary>
    private async Task<string> PutAsync(string key, ReadOnlyMemory<byte> content, S3Condition condition, CancellationToken cancellation)
    {
        string writer = Guid.NewGuid().ToString("n");
        bool isFirst = true;
        try
        {
            return await writes.RunAsync($"storing object '{key}'", content.Length, async (address, token) =>
            {
                bool wasFirst = isFirst;
                isFirst = false;
                try
                {
                    return await requests.PutAsync(address, key, content, condition, writer, token);
                }
                catch (Amazon.S3.AmazonS3Exception e) when (!wasFirst && S3Errors.IsFailedCondition(e))
                {
                    S3Head head = await requests.HeadAsync(address, key, token);
                    return head.Writer == writer ? head.Info.Tag : throw Exists(key, e);
                }
            }, cancellation);
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.NotFound)
        {
            throw Exists(key, e); // The object to replace is gone.
        }
    }

    private async Task ReadAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(options.PatienceFor(destination.Length), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            await reader.ReadAsync(key, offsetBytes, destination, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw S3Errors.Translate(e, options.DisplayName, $"reading {destination.Length} bytes at {offsetBytes} of object '{key}'");
        }
    }

    private async ValueTask<S3Head?> FindAsync(string key, CancellationToken cancellation)
    {
        try
        {
            return await looks.RunAsync(
                (_, stop) => reads.RunAsync($"looking for object '{key}'", 0, (address, token) => requests.HeadAsync(address, key, token), stop), cancellation);
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.NotFound)
        {
            return null;
        }
    }

    private void CheckPut(string key, int lengthBytes)
    {
        ObjectKey.Check(key);
        if (lengthBytes > MaxObjectBytes)
            throw new ObjectStoreException(ObjectStoreError.Fatal, $"Object '{key}' of {lengthBytes} bytes is too large: {options.DisplayName} takes at most {MaxObjectBytes}.");
    }

    private ObjectStoreException Exists(string key, Exception? cause = null) =>
        new(ObjectStoreError.Exists, $"{options.DisplayName}: object '{key}' is not what the caller takes it to be: it exists already, or another writer changed it.", cause);

    private ObjectStoreException OutOfObject(string key, long offsetBytes, int lengthBytes) =>
        new(ObjectStoreError.Fatal, $"{options.DisplayName}: {lengthBytes} bytes at {offsetBytes} are not inside object '{key}'.");
}

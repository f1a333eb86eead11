using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.Pool;

/// <summary>
/// An object store on files of this machine. Each copy of an object lies in one chunk of one component and is found through a record that is written
/// after its bytes are durable, so that a crash leaves all of it or nothing. Owned by who opened it; thread-safe. Reads take no lock.
/// Dispose it when no call is in progress.
/// </summary>
public sealed partial class LocalPool : IObjectStore
{
    private readonly PoolSpace space;
    private readonly LocalPoolOptions options;
    private readonly ILogger logger;
    private readonly int chunkBytes;
    private readonly ConcurrentDictionary<string, ObjectEntry> index;
    private readonly KeyLocks keyLocks = new();
    private ulong generation;

    internal LocalPool(
        LocalPoolOptions options, PoolSpace space, IEnumerable<KeyValuePair<string, ObjectEntry>> objects, ulong generation, IReadOnlyList<PoolFinding> findings, ILogger logger)
    {
        this.options = options;
        this.space = space;
        this.logger = logger;
        this.generation = generation;
        index = new ConcurrentDictionary<string, ObjectEntry>(objects, StringComparer.Ordinal);
        Findings = findings;
        ComponentLabel label = space.Components[0].Label;
        (PoolName, PoolId, membership) = (label.PoolName, label.PoolId, space.Components.Max(component => component.Label.MembershipGeneration));
        chunkBytes = label.Layout.ChunkBytes;
        Capabilities = new ObjectStoreCapabilities(ConditionalWrites: true, MaxObjectBytes: chunkBytes, PreferredSegmentBytes: chunkBytes);
        if (NeedsMending)
            WakeMender();
    }

    /// <summary>
    /// Opens the pool of these components, or makes it where none of them exists. A component that holds anything else is never written to.
    /// Fatal, with file, cause and remedy, where the set is not one whole pool.
    /// </summary>
    public static ValueTask<LocalPool> OpenAsync(LocalPoolOptions options, ILogger logger) => new PoolAssembly(options, logger).OpenAsync();

    /// <inheritdoc/>
    public ObjectStoreCapabilities Capabilities { get; }

    /// <inheritdoc/>
    public ObjectStoreSpace? Space => space.Now;

    /// <summary>How scarce space is.</summary>
    public WatermarkState Watermark => space.State;

    /// <summary>From now on these marks say how scarce space is.</summary>
    public void SetWatermarks(WatermarkOptions marks) => space.SetWatermarks(marks);

    /// <summary>What was wrong, and repaired or lost, when the pool was opened.</summary>
    public IReadOnlyList<PoolFinding> Findings { get; }

    internal IReadOnlyList<PoolComponent> Components => space.Components;

    internal IEnumerable<ObjectEntry> Objects => index.Select(pair => pair.Value);

    /// <inheritdoc/>
    public async ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        CheckPut(key, content.Length);
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        await SettleDoubtAsync(key);
        if (index.ContainsKey(key))
            throw Exists(key);
        var entry = new ObjectEntry(await StoreAsync(NewObject(key, content, fromReserve: false), cancellation));
        Publish(entry);
        return entry.Tag;
    }

    /// <inheritdoc/>
    public async ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        CheckPut(key, content.Length);
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        await SettleDoubtAsync(key);
        index.TryGetValue(key, out ObjectEntry? before);
        if (before?.Tag != expectedTag)
            throw Exists(key);
        var entry = new ObjectEntry(await StoreAsync(NewObject(key, content, fromReserve: true), cancellation));
        Publish(entry);
        // From here on the new object is the one that a crash leaves: its records are the newer ones.
        if (before is not null)
            await RemoveAsync(before);
        return entry.Tag;
    }

    /// <inheritdoc/>
    public bool TryGet(string key, long offsetBytes, Span<byte> destination)
    {
        if (!index.TryGetValue(key, out ObjectEntry? entry) || offsetBytes < 0 || offsetBytes > entry.LengthBytes - destination.Length)
            return false;
        ObjectCopy copy = entry.First;
        if (copy.Component.IsFaulted)
            return false;
        try
        {
            return copy.Component.File.TryRead(copy.OffsetBytes + offsetBytes, destination) && !copy.Retired;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false; // GetAsync meets the failure again and has the words for it.
        }
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        ObjectStoreException? failure;
        bool hasMoved;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            if (!index.TryGetValue(key, out ObjectEntry? entry))
                throw new ObjectStoreException(ObjectStoreError.NotFound, $"Pool '{PoolName}' has no object '{key}'.");
            if (offsetBytes < 0 || offsetBytes > entry.LengthBytes - destination.Length)
                throw new ObjectStoreException(ObjectStoreError.Fatal,
                    $"Object '{key}' of pool '{PoolName}' has {entry.LengthBytes} bytes; {destination.Length} bytes at {offsetBytes} were asked for.");
            (failure, hasMoved) = (null, false);
            foreach (ObjectCopy copy in entry.InReadingOrder())
            {
                failure = await ReadAsync(copy, offsetBytes, destination);
                hasMoved = copy.Retired;
                if (failure is null || hasMoved)
                    break;
                Suspect(entry, copy);
            }
        }
        while (hasMoved);

        if (failure is not null)
            throw failure;
    }

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        cancellation.ThrowIfCancellationRequested();
        return ValueTask.FromResult(index.TryGetValue(key, out ObjectEntry? entry) ? Info(entry) : null);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        foreach (ObjectEntry entry in Objects.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return Info(entry);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        await SettleDoubtAsync(key);
        if (index.TryGetValue(key, out ObjectEntry? entry))
            await RemoveAsync(entry);
    }

    /// <summary>Makes both table copies durable and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopMendingAsync();
        try
        {
            foreach (PoolComponent component in space.Components.Where(component => !component.IsFaulted))
                await component.FlushAsync();
        }
        finally
        {
            foreach (PoolComponent component in space.Components)
                component.Dispose();
            mendingStop.Dispose();
        }
    }

    private static ObjectInfo Info(ObjectEntry entry) => new(entry.Key, entry.LengthBytes, entry.Tag);

    /// <summary>Null where the bytes are there, and right where that can be told, or where the copy is not the object's any more.</summary>
    private static async ValueTask<ObjectStoreException?> ReadAsync(ObjectCopy copy, long offsetBytes, Memory<byte> destination)
    {
        try
        {
            await copy.Component.ReadObjectAsync(copy.OffsetBytes + offsetBytes, destination);
        }
        catch (ObjectDisposedException) when (copy.Retired)
        {
            // The object has moved, and the component it lay on is removed.
            return null;
        }
        catch (IOException e)
        {
            return PoolErrors.ForRead(e, copy.Component.DisplayPath, copy.Record.Key);
        }

        return destination.Length == copy.Record.LengthBytes && Crc32C.Compute(destination.Span) != copy.Record.ContentCrc ? PoolErrors.ForDamage(copy) : null;
    }

    private async ValueTask RemoveAsync(ObjectEntry entry)
    {
        foreach (ObjectCopy copy in entry.Copies)
            await ClearAsync(copy);
        index.TryRemove(new KeyValuePair<string, ObjectEntry>(entry.Key, entry));
        damaged.TryRemove(entry.Key, out _);
        foreach (ObjectCopy copy in entry.Copies)
            Release(copy);
        if (IsTwin(entry.Key))
            foreach (ObjectCopy copy in entry.Copies.Where(copy => !copy.Component.IsFaulted))
                await copy.Component.FlushAsync();
    }

    /// <summary>Clears the record of a copy, durably. One whose component is set aside, or can be, needs no clearing.</summary>
    private async ValueTask ClearAsync(ObjectCopy copy)
    {
        ObjectStoreException? failure = null;
        try
        {
            if (!copy.Component.IsSetAside)
                await copy.Component.Table.ClearAsync(copy, Interlocked.Increment(ref generation));
        }
        catch (ObjectStoreException e)
        {
            failure = e;
        }

        if (failure is null || await TrySetAsideAsync(copy.Component))
            return;
        // The old record may still be there: were a newer one of its key cleared now, the next opening would find the old object.
        Doubt(copy.Record.Key, copy.Component);
        NoticeFault(copy.Component);
        throw WillBeMended ? new ObjectStoreException(ObjectStoreError.Retry, failure.Message, failure) : failure;
    }

    /// <summary>Gives the place of a copy back that no record names any more.</summary>
    private void Release(ObjectCopy copy)
    {
        copy.Retire();
        if (copy.Component.IsSetAside)
            return;
        if (IsTwin(copy.Record.Key))
            Overwrite(copy);
        space.Free(copy.Run);
        copy.Component.Table.Return(copy.RecordNumber);
    }

    private void CheckPut(string key, int lengthBytes)
    {
        ObjectKey.Check(key);
        if (lengthBytes > Capabilities.MaxObjectBytes)
            throw new ObjectStoreException(ObjectStoreError.Fatal,
                $"Object '{key}' of {lengthBytes} bytes is too large: pool '{PoolName}' takes at most {Capabilities.MaxObjectBytes}.");
    }

    private static ObjectStoreException Exists(string key) =>
        new(ObjectStoreError.Exists, $"Object '{key}' is not what the caller takes it to be: it exists already, or another writer changed it.");
}

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.Pool;

/// <summary>
/// An object store on files of this machine. Each object lies in one chunk of one component and is found through a record that is written
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
    private readonly ConcurrentDictionary<string, PoolComponent> doubtful = new(StringComparer.Ordinal);
    private readonly KeyLocks keyLocks = new();
    private ulong generation;

    internal LocalPool(
        LocalPoolOptions options, PoolSpace space, Dictionary<string, ObjectEntry> objects, ulong generation, IReadOnlyList<PoolFinding> findings, ILogger logger)
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
    }

    /// <summary>
    /// Opens the pool of these components, or makes it where none of them exists. A component that holds anything else is never written to.
    /// Fatal, with file, cause and remedy, where the set is not one whole pool.
    /// </summary>
    public static ValueTask<LocalPool> OpenAsync(LocalPoolOptions options, ILogger logger) => new PoolAssembly(options, logger).OpenAsync();

    /// <inheritdoc/>
    public ObjectStoreCapabilities Capabilities { get; }

    /// <summary>Bytes in all, and bytes that new objects can use: the reserve is not among them.</summary>
    public ObjectStoreSpace? Space => new(space.TotalBytes, space.FreeBytes);

    /// <summary>How scarce space is.</summary>
    public WatermarkState Watermark => space.State;

    /// <summary>What was wrong, and repaired or lost, when the pool was opened.</summary>
    public IReadOnlyList<PoolFinding> Findings { get; }

    internal IReadOnlyList<PoolComponent> Components => space.Components;

    internal IEnumerable<ObjectEntry> Objects => index.Select(pair => pair.Value);

    /// <inheritdoc/>
    public async ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        CheckPut(key, content.Length);
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        ThrowIfDoubtful(key);
        if (index.ContainsKey(key))
            throw Exists(key);
        ObjectEntry entry = await StoreAsync(key, content, null, fromReserve: false, cancellation);
        index[key] = entry;
        return entry.Tag;
    }

    /// <inheritdoc/>
    public async ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        CheckPut(key, content.Length);
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        ThrowIfDoubtful(key);
        index.TryGetValue(key, out ObjectEntry? before);
        if (before?.Tag != expectedTag)
            throw Exists(key);
        ObjectEntry entry = await StoreAsync(key, content, null, fromReserve: true, cancellation);
        index[key] = entry;
        // From here on the new object is the one that a crash leaves: its record is the newer of the two.
        if (before is not null)
            await RemoveAsync(before);
        return entry.Tag;
    }

    /// <inheritdoc/>
    public bool TryGet(string key, long offsetBytes, Span<byte> destination)
    {
        if (!index.TryGetValue(key, out ObjectEntry? entry) || offsetBytes < 0 || offsetBytes > entry.LengthBytes - destination.Length)
            return false;
        try
        {
            return entry.Component.File.TryRead(entry.OffsetBytes + offsetBytes, destination) && !entry.Retired;
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
        ObjectEntry entry;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            if (!index.TryGetValue(key, out entry!))
                throw new ObjectStoreException(ObjectStoreError.NotFound, $"Pool '{PoolName}' has no object '{key}'.");
            if (offsetBytes < 0 || offsetBytes > entry.LengthBytes - destination.Length)
                throw new ObjectStoreException(ObjectStoreError.Fatal,
                    $"Object '{key}' of pool '{PoolName}' has {entry.LengthBytes} bytes; {destination.Length} bytes at {offsetBytes} were asked for.");
            try
            {
                await entry.Component.File.ReadAsync(entry.OffsetBytes + offsetBytes, destination);
            }
            catch (ObjectDisposedException) when (entry.Retired)
            {
                // The object has moved, and the component it lay on is removed.
            }
            catch (IOException e)
            {
                throw PoolErrors.ForRead(e, entry.Component.DisplayPath, key);
            }
        }
        while (entry.Retired);

        if (destination.Length == entry.LengthBytes && Crc32C.Compute(destination.Span) != entry.Record.ContentCrc)
            throw new ObjectStoreException(ObjectStoreError.Fatal,
                $"Object '{key}' is damaged: its bytes at {entry.OffsetBytes} of {entry.Component.DisplayPath} do not have the checksum that they were "
                + "stored with. Check the device.");
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
        foreach (ObjectEntry entry in Objects.Where(entry => entry.Record.Key.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(entry => entry.Record.Key, StringComparer.Ordinal))
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
        ThrowIfDoubtful(key);
        if (index.TryGetValue(key, out ObjectEntry? entry))
            await RemoveAsync(entry);
    }

    /// <summary>Makes both table copies durable and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            foreach (PoolComponent component in space.Components.Where(component => !component.IsFaulted))
                await component.FlushAsync();
        }
        finally
        {
            foreach (PoolComponent component in space.Components)
                component.Dispose();
            changing.Dispose();
        }
    }

    private static ObjectInfo Info(ObjectEntry entry) => new(entry.Record.Key, entry.LengthBytes, entry.Tag);

    /// <summary>
    /// Bytes first, then the record that names them; nothing is changed in memory. A copy of <paramref name="moved"/> keeps its tag and its checksum, right or wrong.
    /// </summary>
    private async ValueTask<ObjectEntry> StoreAsync(
        string key, ReadOnlyMemory<byte> content, ObjectEntry? moved, bool fromReserve, CancellationToken cancellation)
    {
        // Puts run side by side, and a kernel that throttles writers holds up none but its own.
        await Task.Yield();
        SlotRun run = space.Allocate(space.Components[0].Layout.SlotsFor(content.Length), fromReserve);
        long number = await PrepareAsync(run, content, cancellation);
        ulong newest = Interlocked.Increment(ref generation);
        var record = new TableRecord(TableRecordState.Live, newest, moved?.Record.Version ?? newest, key, (uint)run.Chunk, (byte)run.FirstSlot,
            (byte)run.Count, (uint)content.Length, moved?.Record.ContentCrc ?? Crc32C.Compute(content.Span));
        try
        {
            long durableRound = await run.Component.Table.StoreAsync(number, record);
            return new ObjectEntry(run.Component, number, record, durableRound);
        }
        catch
        {
            // The component is faulted. Only the next opening tells whether the object exists; until then its slots stay taken.
            doubtful[key] = run.Component;
            throw;
        }
    }

    /// <summary>Makes the bytes durable and takes a record for them; gives the slots back where that fails.</summary>
    private async ValueTask<long> PrepareAsync(SlotRun run, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        try
        {
            try
            {
                run.Component.File.Write(run.OffsetBytes, content.Span);
            }
            catch (IOException e)
            {
                throw PoolErrors.ForWrite(e, run.Component.DisplayPath);
            }

            await run.Component.FlushAsync();
            cancellation.ThrowIfCancellationRequested();
            return await run.Component.Table.TakeAsync();
        }
        catch
        {
            space.Free(run);
            throw;
        }
    }

    /// <summary>The record first, durably; then no reader finds the object; then its slots are free.</summary>
    private async ValueTask RemoveAsync(ObjectEntry entry)
    {
        try
        {
            await entry.Component.Table.ClearAsync(entry, Interlocked.Increment(ref generation));
        }
        catch
        {
            // The old record may still be there: were a newer one of its key cleared now, the next opening would find the old object.
            doubtful[entry.Record.Key] = entry.Component;
            throw;
        }

        index.TryRemove(new KeyValuePair<string, ObjectEntry>(entry.Record.Key, entry));
        entry.Retire();
        TableRecord record = entry.Record;
        space.Free(new SlotRun(entry.Component, (int)record.Chunk, record.FirstSlot, record.SlotCount));
        entry.Component.Table.Return(entry.RecordNumber);
    }

    private void ThrowIfDoubtful(string key)
    {
        if (doubtful.TryGetValue(key, out PoolComponent? component))
            throw new ObjectStoreException(ObjectStoreError.Fatal,
                $"Whether object '{key}' exists is in doubt: pool component {component.DisplayPath} failed while it was stored. "
                + "Check the device, then start again.");
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

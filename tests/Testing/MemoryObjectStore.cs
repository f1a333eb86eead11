using System.Globalization;
using System.Runtime.CompilerServices;
using Lunaria.Volumes.Backend;

namespace Lunaria.Testing;

/// <summary>
/// An object store in memory whose every misbehaviour is under the test's control: puts can be held, failed, answered never,
/// refused for space; objects can be corrupted; and the whole can die as a process does, with puts in flight landing or not. The objects of the engine's catalog, which come and go by
/// themselves, are neither counted nor met by what a test asks for segments: <see cref="BeforeOperation"/> and <see cref="CatalogCapacityBytes"/> are for them, too.
/// </summary>
public sealed partial class MemoryObjectStore : IObjectStore
{
    private readonly Lock sync = new();
    private readonly SortedDictionary<string, byte[]> objects = new(StringComparer.Ordinal);
    private readonly List<(string Key, byte[] Content)> inFlight = [];
    private TaskCompletionSource? hold;
    private TaskCompletionSource arrivals = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> lastPuts = [];
    private readonly SortedSet<string> keyed = new(StringComparer.Ordinal);
    private readonly List<string> deleted = [];
    private readonly Queue<ObjectStoreError> putFailures = new();
    private readonly Queue<ObjectStoreError> getFailures = new();
    private int lostAnswers, spoiltGets;
    private bool dead;
    private long usedBytes, catalogBytes;

    /// <summary>A store that says <paramref name="preferredSegmentBytes"/> is the best size of a segment, and with <paramref name="isShared"/> that other machines reach it.</summary>
    public MemoryObjectStore(int preferredSegmentBytes = 4 << 20, bool isShared = false) =>
        Capabilities = new ObjectStoreCapabilities(true, 64 << 20, preferredSegmentBytes, isShared);

    /// <inheritdoc/>
    public ObjectStoreCapabilities Capabilities { get; }

    /// <summary>Bytes of objects the store takes; long.MaxValue = no end.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>Bytes beside <see cref="CapacityBytes"/> for objects that are set, not put.</summary>
    public long ReserveBytes { get; set; }

    /// <summary>The largest object of the engine that there is room for in one piece.</summary>
    public long LargestPieceBytes { get; set; } = long.MaxValue;

    /// <summary>Bytes of objects of the catalog the store takes beside the others; long.MaxValue = no end.</summary>
    public long CatalogCapacityBytes { get; set; } = long.MaxValue;

    /// <summary>Bytes of the catalog.</summary>
    public long CatalogBytes { get { lock (sync) return catalogBytes; } }

    /// <summary>True = prefixes that are begun have keys of their own, until they are forgotten.</summary>
    public bool HasKeys { get; set; }

    /// <summary>Prefixes that have keys of their own.</summary>
    public IReadOnlyCollection<string> KeyedPrefixes { get { lock (sync) return [.. keyed]; } }

    /// <summary>True = every read waits at least for a trip over the thread pool.</summary>
    public bool Cold { get; set; }

    /// <summary>Called before each put, replacement, delete and get with its key; what it throws is what the caller gets.</summary>
    public Action<string>? BeforeOperation { get; set; }

    /// <summary>Awaited before each operation that may wait does what it was asked for, and before a put is answered; null = at once.</summary>
    public Func<ValueTask>? Late { get; set; }

    /// <summary>So many of the last puts are lost when the appliance dies, although they were answered.</summary>
    public int PutsLostOnDeath { get; set; }

    /// <summary>True = deletes are answered as done and are not.</summary>
    public bool KeepsDeleted { get; set; }

    /// <summary>Told each operation; null = nobody.</summary>
    public SimTrace? Trace { get; set; }

    /// <summary>Every key that a deletion was asked for, in order.</summary>
    public IReadOnlyList<string> Deleted
    {
        get
        {
            lock (sync) return [.. deleted];
        }
    }

    /// <summary>Puts that have succeeded.</summary>
    public int PutCount { get; private set; }

    /// <summary>Bytes put so far.</summary>
    public long PutBytes { get; private set; }

    /// <summary>Bytes of all objects.</summary>
    public long UsedBytes { get { lock (sync) return usedBytes; } }

    /// <inheritdoc/>
    public ObjectStoreSpace? Space => CapacityBytes == long.MaxValue ? null : new(CapacityBytes, Math.Max(0, CapacityBytes - UsedBytes));

    /// <summary>Keys of all objects, in order.</summary>
    public IReadOnlyList<string> Keys { get { lock (sync) return [.. objects.Keys.Where(key => !IsCatalog(key))]; } }

    /// <summary>Keys of all objects of the catalog, in order.</summary>
    public IReadOnlyList<string> CatalogKeys { get { lock (sync) return [.. objects.Keys.Where(IsCatalog)]; } }

    /// <summary>The bytes of an object.</summary>
    public byte[] Content(string key)
    {
        lock (sync) return [.. objects[key]];
    }

    /// <summary>Puts other bytes in the place of an object, unseen by anyone; null = none.</summary>
    public void Replace(string key, byte[]? content)
    {
        lock (sync)
        {
            if (objects.Remove(key, out byte[]? before)) Count(key, -before.Length);
            if (content != null) Land(key, content);
        }
    }

    /// <summary>
    /// The store as the next life of the appliance finds it; this one fails everything from now on. Puts in flight have landed or not, as
    /// <paramref name="random"/> decides.
    /// </summary>
    public MemoryObjectStore Reborn(Random random)
    {
        lock (sync) dead = true;
        MemoryObjectStore next = Copy(random);
        ReleasePuts();
        return next;
    }

    /// <summary>The store as the appliance would find it if it had died now; this one goes on.</summary>
    public MemoryObjectStore Copy(Random random)
    {
        var copy = new MemoryObjectStore(Capabilities.PreferredSegmentBytes, Capabilities.IsShared) { CapacityBytes = CapacityBytes, CatalogCapacityBytes = CatalogCapacityBytes, ReserveBytes = ReserveBytes, Cold = Cold, HasKeys = HasKeys };
        lock (sync)
        {
            copy.keyed.UnionWith(keyed);
            foreach ((string key, byte[] content) in objects.Where(o => !lastPuts.TakeLast(PutsLostOnDeath).Contains(o.Key))) copy.Land(key, content);
            foreach ((string key, byte[] content) in inFlight)
                if (random.Next(2) == 0) copy.Land(key, content);
        }
        return copy;
    }

    /// <inheritdoc/>
    public async ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        Check(key, content.Length, cancellation);
        Trace?.Add("put", key, 0, content.Length);
        byte[] copy = content.ToArray();
        var flight = (key, copy);
        Task? gate;
        lock (sync)
        {
            ThrowIfDead();
            inFlight.Add(flight);
            gate = IsCatalog(key) ? null : hold?.Task;
            if (gate is not null) arrivals.TrySetResult();
        }
        try
        {
            BeforeOperation?.Invoke(key);
            if (gate is not null) await gate.WaitAsync(cancellation);
            else await Task.Yield();
            await BeLateAsync();
            string tag;
            lock (sync) tag = Store(key, copy);
            await BeLateAsync();
            return tag;
        }
        finally
        {
            lock (sync)
            {
                if (!dead) inFlight.Remove(flight);
                if (arrivals.Task.IsCompleted) arrivals = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        Check(key, content.Length, cancellation);
        Trace?.Add("set", key, 0, content.Length);
        await BeLateAsync();
        BeforeOperation?.Invoke(key);
        lock (sync)
        {
            ThrowIfDead();
            string? tag = objects.TryGetValue(key, out byte[]? current) ? Tag(current) : null;
            if (tag != expectedTag) throw Failure(ObjectStoreError.Exists, key);
            long more = content.Length - (current?.Length ?? 0);
            CheckCatalogSpace(key, more);
            if (!IsCatalog(key)) PutBytes += content.Length;
            if (!IsCatalog(key) && ((CapacityBytes != long.MaxValue && usedBytes + more > CapacityBytes + ReserveBytes) || content.Length > LargestPieceBytes)) throw Failure(ObjectStoreError.OutOfSpace, key);
            Count(key, more);
            objects[key] = content.ToArray();
            return Tag(objects[key]);
        }
    }

    /// <inheritdoc/>
    public bool TryGet(string key, long offsetBytes, Span<byte> destination)
    {
        if (Cold) return false;
        lock (sync)
        {
            if (dead || getFailures.Count > 0 || spoiltGets > 0 || !objects.TryGetValue(key, out byte[]? content)) return false;
            if (offsetBytes < 0 || offsetBytes + destination.Length > content.Length) return false;
            content.AsSpan((int)offsetBytes, destination.Length).CopyTo(destination);
            return true;
        }
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        Check(key, 0, cancellation);
        BeforeOperation?.Invoke(key);
        Trace?.Add("get", key, offsetBytes, destination.Length);
        if (Cold) await Task.Yield();
        await BeLateAsync();
        lock (sync)
        {
            ThrowIfDead();
            if (!IsCatalog(key) && getFailures.TryDequeue(out ObjectStoreError failure)) throw Failure(failure, key);
            if (!objects.TryGetValue(key, out byte[]? content)) throw Failure(ObjectStoreError.NotFound, key);
            if (offsetBytes < 0 || offsetBytes + destination.Length > content.Length) throw Failure(ObjectStoreError.Fatal, key);
            content.AsSpan((int)offsetBytes, destination.Length).CopyTo(destination.Span);
            if (IsCatalog(key) || spoiltGets == 0 || destination.Length == 0) return;
            spoiltGets--;
            destination.Span[destination.Length / 2] ^= 1;
        }
    }

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation)
    {
        Check(key, 0, cancellation);
        lock (sync)
        {
            ThrowIfDead();
            return ValueTask.FromResult(objects.TryGetValue(key, out byte[]? content) ? new ObjectInfo(key, content.Length, Tag(content)) : null);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        List<ObjectInfo> found;
        lock (sync)
        {
            ThrowIfDead();
            found = [.. objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(o => new ObjectInfo(o.Key, o.Value.Length, Tag(o.Value)))];
        }
        foreach (ObjectInfo info in found)
        {
            await Task.CompletedTask;
            yield return info;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellation)
    {
        Check(key, 0, cancellation);
        BeforeOperation?.Invoke(key);
        Trace?.Add("delete", key);
        await BeLateAsync();
        lock (sync)
        {
            ThrowIfDead();
            deleted.Add(key);
            if (!KeepsDeleted && objects.Remove(key, out byte[]? content)) Count(key, -content.Length);
        }
    }

    /// <inheritdoc/>
    public void BeginPrefix(string prefix)
    {
        lock (sync)
            if (HasKeys) keyed.Add(prefix);
    }

    /// <inheritdoc/>
    public bool HasOwnKey(string prefix)
    {
        lock (sync) return keyed.Contains(prefix);
    }

    /// <inheritdoc/>
    public ValueTask ForgetKeysAsync(Func<string, bool> isGone, CancellationToken cancellation)
    {
        BeforeOperation?.Invoke("keys");
        foreach (string prefix in KeyedPrefixes.Where(isGone))
            lock (sync)
            {
                ThrowIfDead();
                if (objects.Keys.FirstOrDefault(key => key.StartsWith(prefix, StringComparison.Ordinal)) is { } lost) throw new InvalidOperationException($"{lost} is there, and its key is thrown away.");
                keyed.Remove(prefix);
            }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask BeLateAsync() => Late?.Invoke() ?? default;

    private void Land(string key, byte[] content)
    {
        if (objects.TryAdd(key, content)) Count(key, content.Length);
    }

    private string Store(string key, byte[] content)
    {
        ThrowIfDead();
        if (!IsCatalog(key) && putFailures.TryDequeue(out ObjectStoreError failure)) throw Failure(failure, key);
        if (objects.ContainsKey(key)) throw Failure(ObjectStoreError.Exists, key);
        if (IsCatalog(key))
        {
            CheckCatalogSpace(key, content.Length);
            objects.Add(key, content);
            Count(key, content.Length);
            return Tag(content);
        }
        if (usedBytes + content.Length > CapacityBytes || content.Length > LargestPieceBytes) throw Failure(ObjectStoreError.OutOfSpace, key);
        objects.Add(key, content);
        Count(key, content.Length);
        if (PutsLostOnDeath > 0) lastPuts.Add(key);
        PutCount++;
        PutBytes += content.Length;
        if (lostAnswers == 0) return Tag(content);
        lostAnswers--;
        throw Failure(ObjectStoreError.Retry, key);
    }

    private static bool IsCatalog(string key) => key.StartsWith("catalog/", StringComparison.Ordinal);

    private void Count(string key, long bytes)
    {
        if (IsCatalog(key))
            catalogBytes += bytes;
        else
            usedBytes += bytes;
    }

    private void CheckCatalogSpace(string key, long bytes)
    {
        if (IsCatalog(key) && bytes > 0 && catalogBytes + bytes > CatalogCapacityBytes) throw Failure(ObjectStoreError.OutOfSpace, key);
    }

    private void Check(string key, int lengthBytes, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        cancellation.ThrowIfCancellationRequested();
        if (lengthBytes > Capabilities.MaxObjectBytes) throw Failure(ObjectStoreError.Fatal, key);
    }

    private void ThrowIfDead()
    {
        if (dead) throw new ObjectStoreException(ObjectStoreError.Retry, "The simulated store died with its appliance.");
    }

    private static string Tag(byte[] content)
    {
        var hash = default(HashCode);
        hash.AddBytes(content);
        return hash.ToHashCode().ToString("x8", CultureInfo.InvariantCulture);
    }

    private static ObjectStoreException Failure(ObjectStoreError error, string key) => new(error, $"Simulated store: {error} for '{key}'.");
}

using System.Buffers;
using System.Runtime.CompilerServices;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// Any store, with its objects packed, encrypted or both (docs/FORMATS.md, "Sealed object"). Tags are those of the store inside, so that compare-and-set means what it means there. Objects that
/// were put before that was turned on are read as they are. Owned by who made it, like the store inside; any thread.
/// </summary>
public sealed class SealedStore : IObjectStore
{
    private const int Reads = 3;

    private readonly IObjectStore _inner;
    private readonly StoreKeys _keys;
    private readonly OpenedObjects _opened = new(OpenedObjects.DefaultCapacity);
    private readonly bool _packs;
    private long _putBytes, _storedBytes;

    private SealedStore(IObjectStore inner, StoreKeys keys, SealingOptions options)
    {
        (_inner, _keys, _packs) = (inner, keys, options.Packs);
        ObjectStoreCapabilities inside = inner.Capabilities;
        Capabilities = options.Key is null ? inside : inside with
        {
            MaxObjectBytes = SealedHeader.LongestIn(inside.MaxObjectBytes),
            PreferredSegmentBytes = SealedHeader.LongestIn(inside.PreferredSegmentBytes),
        };
    }

    /// <summary>
    /// Opens the store's key ring; null where it has none and <paramref name="options"/> want none, so that the store is used as it is. Changes nothing.
    /// </summary>
    /// <exception cref="InvalidDataException">The key is missing, another one, or the ring is damaged. The message names the remedy.</exception>
    public static async ValueTask<SealedStore?> OpenAsync(IObjectStore inner, SealingOptions options, CancellationToken cancellation)
    {
        StoreKeys keys = await StoreKeys.OpenAsync(inner, options, cancellation);
        return keys.Ring is not null || options.Key is not null || options.Packs ? new(inner, keys, options) : null;
    }

    /// <summary>Names of the objects in the store inside that hold the key ring, each all of it.</summary>
    public static IReadOnlyList<string> KeyRingNames => KeyRingObjects.Keys;

    /// <inheritdoc/>
    public ObjectStoreCapabilities Capabilities { get; }

    /// <inheritdoc/>
    public ObjectStoreSpace? Space => _inner.Space;

    /// <summary>How it is sealed, and what was put since the start.</summary>
    public SealingStatus GetStatus() => new(
        [.. (_keys.Ring?.Wraps ?? []).Select(wrap => wrap.KeyId)], _keys.Ring?.DataKeys.SharedCount ?? 0, _packs, _keys.Ring?.HasPlainObjects ?? false, Interlocked.Read(ref _putBytes), Interlocked.Read(ref _storedBytes));

    /// <summary>
    /// Makes the key ring where there is none, and forgets wrapping keys that a rotation has replaced. Called once, when the store is this appliance's; nothing can be put before.
    /// </summary>
    /// <exception cref="InvalidDataException">The store has sealed objects, and no ring that opens them.</exception>
    public ValueTask BeginAsync(CancellationToken cancellation) => _keys.BeginAsync(cancellation);

    /// <summary>From now on <paramref name="next"/> opens the store, too, and after a start with it nothing else does. No object is written again.</summary>
    /// <exception cref="InvalidDataException">The store is not encrypted, or that key opens it already.</exception>
    public ValueTask RotateAsync(WrappingKey next, CancellationToken cancellation) => _keys.RotateAsync(next, cancellation);

    /// <summary>What is put from now on is sealed with a new data key.</summary>
    /// <exception cref="InvalidDataException">The store is not encrypted.</exception>
    public ValueTask AddDataKeyAsync(CancellationToken cancellation) => _keys.AddDataKeyAsync(cancellation);

    /// <inheritdoc/>
    public ValueTask<string> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        PublicObjects.Owns(key) || PublicObjects.IsFence(content.Span)
            ? _inner.PutIfAbsentAsync(key, content, cancellation)
            : PutAsync(key, content, stored => _inner.PutIfAbsentAsync(key, stored, cancellation), cancellation);

    /// <inheritdoc/>
    public ValueTask<string> CompareAndSetAsync(string key, string? expectedTag, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        PublicObjects.Owns(key)
            ? _inner.CompareAndSetAsync(key, expectedTag, content, cancellation)
            : PutAsync(key, content, stored => _inner.CompareAndSetAsync(key, expectedTag, stored, cancellation), cancellation);

    /// <inheritdoc/>
    public bool TryGet(string key, long offsetBytes, Span<byte> destination) =>
        _opened.Find(key) is { } opened && opened.TryRead(_inner, key, offsetBytes, destination);

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        if (PublicObjects.Owns(key))
        {
            await _inner.GetAsync(key, offsetBytes, destination, cancellation);
            return;
        }
        for (int read = 1; ; read++)
        {
            OpenedObject? known = _opened.Find(key);
            try
            {
                await (known ?? await OpenAsync(key, null, cancellation)).ReadAsync(_inner, key, offsetBytes, destination, cancellation);
                return;
            }
            catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Damaged or ObjectStoreError.Fatal && read < Reads && (e.Error == ObjectStoreError.Damaged || known is not null))
            {
                // What is known may be of an object that was replaced since, and a bit may have flipped on the way.
                _opened.Remove(key);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> MendAsync(string key, CancellationToken cancellation)
    {
        _opened.Remove(key);
        return _inner.MendAsync(key, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectInfo?> HeadAsync(string key, CancellationToken cancellation)
    {
        ObjectInfo? info = await _inner.HeadAsync(key, cancellation);
        if (info is null)
            _opened.Remove(key);
        if (info is null || PublicObjects.Owns(key) || info.LengthBytes < SealedHeader.Bytes)
            return info;
        if (_opened.Find(key) is { } known && known.Tag == info.Tag)
            return info with { LengthBytes = known.Header?.LengthBytes ?? info.LengthBytes };
        try
        {
            return info with { LengthBytes = (await OpenAsync(key, info.Tag, cancellation)).Header?.LengthBytes ?? info.LengthBytes };
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Damaged or ObjectStoreError.NotFound)
        {
            return e.Error == ObjectStoreError.NotFound ? null : info; // It is there; who reads it hears what is wrong with it.
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        bool allAreSealed = _keys.Ring is { IsEncrypted: true, HasPlainObjects: false, HasPackedObjects: false };
        await foreach (ObjectInfo info in _inner.ListAsync(prefix, cancellation))
            if (!KeyRingObjects.Owns(info.Key))
                yield return allAreSealed && info.LengthBytes >= SealedHeader.Bytes ? info with { LengthBytes = SealedHeader.LengthFromStored(info.LengthBytes) } : info;
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellation)
    {
        _opened.Remove(key);
        await _inner.DeleteAsync(key, cancellation);
    }

    /// <inheritdoc/>
    public void BeginPrefix(string prefix) => _keys.Begin(prefix);

    /// <inheritdoc/>
    public bool HasOwnKey(string prefix) => _keys.HasOwn(prefix);

    /// <inheritdoc/>
    public async ValueTask ForgetKeysAsync(Func<string, bool> isGone, CancellationToken cancellation)
    {
        foreach (string prefix in await _keys.ForgetAsync(isGone, cancellation))
            _opened.RemoveBelow(prefix);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private async ValueTask<string> PutAsync(string key, ReadOnlyMemory<byte> content, Func<ReadOnlyMemory<byte>, ValueTask<string>> put, CancellationToken cancellation)
    {
        ObjectKey.Check(key);
        cancellation.ThrowIfCancellationRequested();
        if (content.Length > Capabilities.MaxObjectBytes)
            throw new ObjectStoreException(ObjectStoreError.Fatal, $"Object '{key}' of {content.Length} bytes is too large: sealed objects have at most {Capabilities.MaxObjectBytes}.");
        if (_keys.Ring is null || KeyRingObjects.Owns(key))
            throw new ObjectStoreException(ObjectStoreError.Fatal, $"Object '{key}' cannot be put: {(_keys.Ring is null ? "the store has no key ring yet" : "its name is the key ring's")}.");
        // Sealing a segment takes milliseconds: puts side by side do it side by side.
        await Task.Yield();
        DataKey? dataKey = await _keys.FindForAsync(key, cancellation);
        SealedBytes? made = SealedBytes.Make(key, content.Span, dataKey, _packs);
        try
        {
            ReadOnlyMemory<byte> stored = made?.Stored ?? content;
            string tag = await put(stored);
            _opened.Add(key, made?.Opened.TaggedWith(tag) ?? new OpenedObject { Tag = tag });
            Interlocked.Add(ref _putBytes, content.Length);
            Interlocked.Add(ref _storedBytes, stored.Length);
            return tag;
        }
        finally
        {
            made?.Dispose();
        }
    }

    /// <summary>Reads an object's first page, again where it arrived damaged, and keeps what it says.</summary>
    private async ValueTask<OpenedObject> OpenAsync(string key, string? tag, CancellationToken cancellation)
    {
        byte[] page = ArrayPool<byte>.Shared.Rent(SealedHeader.Bytes);
        try
        {
            for (int read = 1; ; read++)
                try
                {
                    int length = await ReadStartAsync(key, page.AsMemory(0, SealedHeader.Bytes), cancellation);
                    OpenedObject opened = Open(key, page.AsSpan(0, length), tag);
                    _opened.Add(key, opened);
                    return opened;
                }
                catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Damaged && read < Reads)
                {
                    // A bit may have flipped on the way.
                }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(page);
        }
    }

    /// <summary>Reads the first page, or all of an object that is shorter: so many bytes.</summary>
    private async ValueTask<int> ReadStartAsync(string key, Memory<byte> page, CancellationToken cancellation)
    {
        try
        {
            await _inner.GetAsync(key, 0, page, cancellation);
            return page.Length;
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Fatal)
        {
            if (await _inner.HeadAsync(key, cancellation) is not { } info || info.LengthBytes >= page.Length)
                throw;
            await _inner.GetAsync(key, 0, page[..(int)info.LengthBytes], cancellation);
            return (int)info.LengthBytes;
        }
    }

    private OpenedObject Open(string key, Span<byte> start, string? tag)
    {
        KeyRing? ring = _keys.Ring;
        bool isSealed = SealedHeader.IsSealed(start) && start.Length >= SealedHeader.Bytes;
        SealedHeader? header = null;
        if (isSealed && (header = SealedHeader.Read(start, out string problem)) is null)
            throw Damaged(key, problem);
        if (header is not { IsEncrypted: true } && ring is { IsEncrypted: true, HasPlainObjects: false } && !PublicObjects.IsFence(start))
            throw Damaged(key, "it is not encrypted, though all objects of this pool are: somebody else put it there");
        if (header is null)
            return new OpenedObject { Tag = tag };
        DataKey? dataKey = ring?.DataKeys.Find(header.DataKey);
        if (header.IsEncrypted && dataKey is null)
            throw Damaged(key, $"it is sealed with data key {header.DataKey}, which the pool's key ring does not have");
        var guard = new FrameGuard(header.IsEncrypted ? dataKey : null, header.Salt, key);
        return guard.IsRightPage(start) ? new OpenedObject(header, guard) { Tag = tag } : throw Damaged(key, "its first page is not what was stored");
    }

    private static ObjectStoreException Damaged(string key, string problem) =>
        new(ObjectStoreError.Damaged, $"Object '{key}' cannot be read: {problem}. Restore the object from a copy.");
}

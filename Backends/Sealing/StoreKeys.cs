using System.Collections.Concurrent;
using System.Security.Cryptography;
using Lunaria.Volumes.Backend;
using Nito.AsyncEx;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// The keys of one store: its ring, opened by the wrapping key, and the changes of it. Owned by the sealed store; changes one at a time, the rest from any thread.
/// </summary>
internal sealed class StoreKeys
{
    private const int LooksForSealed = 64;

    private readonly IObjectStore _store;
    private readonly KeyRingObjects _objects;
    private readonly SealingOptions _options;
    private readonly AsyncLock _changing = new();

    // Prefixes that nothing was put below yet, and that are to have keys of their own.
    private readonly ConcurrentDictionary<string, bool> _begun = new(StringComparer.Ordinal);
    private volatile KeyRing? _ring;

    private StoreKeys(IObjectStore store, SealingOptions options, KeyRing? ring) => (_store, _objects, _options, _ring) = (store, new(store), options, ring);

    /// <summary>The ring; null before the first one of a store is made.</summary>
    public KeyRing? Ring => _ring;

    /// <summary>Nothing was ever put below a prefix: what comes has a key of its own, made with the first of it. Nothing where the store is not encrypted.</summary>
    public void Begin(string prefix)
    {
        if (_ring is { IsEncrypted: true } && prefix.Length <= KeyRingCodec.MaxPrefixBytes)
            _begun.TryAdd(prefix, true);
    }

    /// <summary>True where all that is or comes below a prefix is sealed with keys of its own.</summary>
    public bool HasOwn(string prefix) => _ring is { IsEncrypted: true } ring && (ring.DataKeys.NewestOf(prefix) is not null || _begun.ContainsKey(prefix));

    /// <summary>
    /// What a new object is sealed with; null = it is not encrypted. A prefix that is to have a key of its own gets one here, durably, where it has none that is younger than the
    /// newest of all.
    /// </summary>
    public async ValueTask<DataKey?> FindForAsync(string key, CancellationToken cancellation)
    {
        if (_ring is not { IsEncrypted: true } ring)
            return null;
        string prefix = PrefixOf(key);
        if (!HasOwn(prefix))
            return ring.DataKeys.NewestShared;
        return ring.DataKeys.NewestOf(prefix) is { } own && own.Number > ring.DataKeys.NewestShared!.Number ? own : await MakeOwnAsync(prefix, cancellation);
    }

    /// <summary>The keys of the prefixes that <paramref name="isGone"/> names are in neither ring object when this completes. Gives those prefixes.</summary>
    public async ValueTask<IReadOnlyCollection<string>> ForgetAsync(Func<string, bool> isGone, CancellationToken cancellation)
    {
        using IDisposable held = await _changing.LockAsync(cancellation);
        if (_ring is not { } ring)
            return [];
        List<string> gone = [.. ring.DataKeys.Prefixes.Where(isGone)];
        if (gone.Count > 0)
            await ChangeAsync(ring with { Revision = ring.Revision + 1, DataKeys = ring.DataKeys.Without(gone) }, cancellation);
        foreach (string prefix in gone)
            _begun.TryRemove(prefix, out _);
        return gone;
    }

    /// <summary>Opens the store's ring, where it has one. Changes nothing.</summary>
    /// <exception cref="InvalidDataException">The ring is damaged, or the key is missing or another one. The message names the remedy.</exception>
    public static async ValueTask<StoreKeys> OpenAsync(IObjectStore store, SealingOptions options, CancellationToken cancellation)
    {
        LockedRing? locked = await new KeyRingObjects(store).ReadAsync(cancellation);
        return new(store, options, locked is null ? null : Open(locked, options.Key));
    }

    /// <summary>
    /// Makes the ring where the store has none, and completes what a rotation or a crash left: called once in a life, when the store is this appliance's.
    /// </summary>
    /// <exception cref="InvalidDataException">The store holds sealed objects, and no ring that could open them.</exception>
    public async ValueTask BeginAsync(CancellationToken cancellation)
    {
        KeyRing ring = _ring ?? KeyRing.Create(await HasObjectsAsync(cancellation), _options);
        if (_options.Key is { } key && !ring.IsEncrypted)
            ring = (ring with { HasPlainObjects = await HasObjectsAsync(cancellation) }).With(key).WithNewDataKey();
        else if (ring.Wraps.Count > 1)
            ring = ring.Only(_options.Key!); // It was opened by the key that is in the settings now: the former ones have had their time.
        if (_options.Packs && !ring.HasPackedObjects)
            ring = ring with { HasPackedObjects = true };
        if (ring != _ring)
            await ChangeAsync(_ring is null ? ring : ring with { Revision = ring.Revision + 1 }, cancellation);
        else if (!await _objects.AreCompleteAsync(ring, cancellation))
            await ChangeAsync(ring, cancellation);
    }

    /// <summary>From now on the ring is opened by <paramref name="next"/>, too; by it alone after a start with it. No object is written again.</summary>
    public ValueTask RotateAsync(WrappingKey next, CancellationToken cancellation) => ChangeAsync(ring =>
    {
        if (!ring.IsEncrypted)
            throw new InvalidDataException("The pool is not encrypted, so there is no key to change. Set backend.encryptionKey and start the appliance again.");
        if (ring.Knows(next))
            throw new InvalidDataException($"The pool is opened by key {next.Id} already. Make a new one with: openssl rand -hex 32");
        return ring.Wraps.Count < KeyRing.MaxWraps ? ring.With(next)
            : throw new InvalidDataException($"The pool is opened by {KeyRing.MaxWraps} keys already. Start the appliance with the one that is to stay; it forgets the others.");
    }, cancellation);

    /// <summary>What is put from now on is sealed with a new data key.</summary>
    public ValueTask AddDataKeyAsync(CancellationToken cancellation) => ChangeAsync(ring =>
    {
        if (!ring.IsEncrypted)
            throw new InvalidDataException("The pool is not encrypted. Set backend.encryptionKey and start the appliance again.");
        return ring.DataKeys.SharedCount < DataKeySet.MaxShared ? ring.WithNewDataKey() : throw new InvalidDataException($"The pool has {DataKeySet.MaxShared} data keys, which is the most.");
    }, cancellation);

    /// <summary>The first two parts of a name.</summary>
    private static string PrefixOf(string key)
    {
        int first = key.IndexOf('/', StringComparison.Ordinal);
        return key[..(key.IndexOf('/', first + 1) + 1)];
    }

    private async ValueTask<DataKey> MakeOwnAsync(string prefix, CancellationToken cancellation)
    {
        using IDisposable held = await _changing.LockAsync(cancellation);
        try
        {
            KeyRing ring = _ring!;
            DataKey shared = ring.DataKeys.NewestShared!;
            DataKey? own = ring.DataKeys.NewestOf(prefix);
            if (own?.Number > shared.Number)
                return own;
            // The other half is for keys of all, which must never be out of room.
            if (ring.DataKeys.All.Count - ring.DataKeys.SharedCount >= DataKeySet.MaxOwn || KeyRingCodec.LongestWithOneMore(ring) > _store.Capabilities.MaxObjectBytes / 2)
            {
                _begun.TryRemove(prefix, out _);
                return own ?? shared;
            }
            await ChangeAsync(ring.WithNewDataKey(prefix) with { Revision = ring.Revision + 1 }, cancellation);
            return _ring!.DataKeys.NewestOf(prefix)!;
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Exists)
        {
            // Of the ring. The caller puts an object, and would take it for that one.
            throw new ObjectStoreException(ObjectStoreError.Retry, e.Message, e);
        }
    }

    private static KeyRing Open(LockedRing locked, WrappingKey? key)
    {
        if (locked.Wraps.Count == 0)
            return KeyRingCodec.Open(locked, null);
        string ids = string.Join(" or ", locked.Wraps.Select(wrap => wrap.KeyId));
        if (key is null)
            throw new InvalidDataException($"The pool is encrypted, and backend.encryptionKey is not set. Set it to where key {ids} is. Nothing was changed.");
        if (locked.Wraps.All(wrap => wrap.KeyId != key.Id))
            throw new InvalidDataException($"The pool is encrypted, and backend.encryptionKey is key {key.Id}, not {ids}. Set it to the key that the pool was used with last. Nothing was changed.");
        try
        {
            return KeyRingCodec.Open(locked, key);
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"The pool's key ring was changed by somebody who does not have its key. Restore the objects {string.Join(", ", KeyRingObjects.Keys)} from a copy. Nothing was changed.", e);
        }
    }

    private async ValueTask ChangeAsync(Func<KeyRing, KeyRing> change, CancellationToken cancellation)
    {
        using (await _changing.LockAsync(cancellation))
        {
            KeyRing before = _ring ?? throw new InvalidDataException("The pool is not encrypted. Set backend.encryptionKey and start the appliance again.");
            await ChangeAsync(change(before) with { Revision = before.Revision + 1 }, cancellation);
        }
    }

    /// <summary>Durable in both places first, then used: no object is ever sealed with a key that the store does not have.</summary>
    private async ValueTask ChangeAsync(KeyRing ring, CancellationToken cancellation)
    {
        await _objects.WriteAsync(ring, cancellation);
        _ring = ring;
    }

    /// <summary>True where the store holds more than what says whose it is.</summary>
    private async ValueTask<bool> HasObjectsAsync(CancellationToken cancellation)
    {
        bool hasObjects = false;
        int looks = 0;
        await foreach (ObjectInfo info in _store.ListAsync("", cancellation))
        {
            if (PublicObjects.Owns(info.Key) || KeyRingObjects.Owns(info.Key))
                continue;
            hasObjects = true;
            if (info.LengthBytes < SealedHeader.Bytes)
                continue;
            byte[] start = new byte[SealedHeader.Bytes];
            await _store.GetAsync(info.Key, 0, start, cancellation);
            if (SealedHeader.IsSealed(start) && SealedHeader.Read(start, out _) is not { IsEncrypted: false })
                throw new InvalidDataException(
                    $"The pool has encrypted objects ('{info.Key}'), but no key ring that opens them. Restore one of the objects {string.Join(", ", KeyRingObjects.Keys)} from a copy of the store. Nothing was changed.");
            if (++looks == LooksForSealed)
                break;
        }
        return hasObjects;
    }
}

using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// The two objects that hold a store's key ring: without it nothing can be read, so that one damaged place must not be enough to lose it. Changed one after the other, by
/// compare-and-set. Owned by the store's keys; one call at a time.
/// </summary>
internal sealed class KeyRingObjects(IObjectStore store)
{
    /// <summary>Where the ring and its copy are.</summary>
    public static readonly IReadOnlyList<string> Keys = ["keyring", "keyring.copy"];

    /// <summary>True where an object is one of them.</summary>
    public static bool Owns(string key) => Keys.Contains(key);

    /// <summary>The newest whole ring; null where there is none at all.</summary>
    /// <exception cref="InvalidDataException">There is one, and it is damaged in both places, or of a newer version.</exception>
    public async ValueTask<LockedRing?> ReadAsync(CancellationToken cancellation)
    {
        LockedRing? newest = null;
        bool isThere = false;
        foreach (string key in Keys)
        {
            if (await store.HeadAsync(key, cancellation) is not { } info)
                continue;
            isThere = true;
            if (await ReadAsync(info, cancellation) is { } ring && ring.Revision > (newest?.Revision ?? 0))
                newest = ring;
        }
        return newest is null && isThere
            ? throw new InvalidDataException($"The pool's key ring is damaged in both places ({string.Join(", ", Keys)}). Restore one of the two objects from a copy of the store. Nothing was changed.")
            : newest;
    }

    /// <summary>Complete = both hold the ring, durably.</summary>
    /// <exception cref="ObjectStoreException">The store failed, or Exists: somebody else changed the ring.</exception>
    public async ValueTask WriteAsync(KeyRing ring, CancellationToken cancellation)
    {
        byte[] bytes = KeyRingCodec.Write(ring);
        foreach (string key in Keys)
        {
            ObjectInfo? before = await store.HeadAsync(key, cancellation);
            if (before is not null && await ReadAsync(before, cancellation) is { } there && (there.Id != ring.Id || there.Revision > ring.Revision))
                throw new ObjectStoreException(ObjectStoreError.Exists, $"Object '{key}' holds another key ring than this one: another appliance changes it. Stop that one.");
            await store.CompareAndSetAsync(key, before?.Tag, bytes, cancellation);
        }
    }

    /// <summary>True where both hold this revision, and the same: of two changes that failed, one after the other, each may have left its own.</summary>
    public async ValueTask<bool> AreCompleteAsync(KeyRing ring, CancellationToken cancellation)
    {
        byte[]? first = null;
        foreach (string key in Keys)
        {
            if (await store.HeadAsync(key, cancellation) is not { } info || await ReadBytesAsync(info, cancellation) is not { } bytes
                || KeyRingCodec.Read(bytes)?.Revision != ring.Revision || (first is not null && !first.AsSpan().SequenceEqual(bytes)))
                return false;
            first = bytes;
        }
        return true;
    }

    private async ValueTask<LockedRing?> ReadAsync(ObjectInfo info, CancellationToken cancellation) =>
        await ReadBytesAsync(info, cancellation) is { } bytes ? KeyRingCodec.Read(bytes) : null;

    private async ValueTask<byte[]?> ReadBytesAsync(ObjectInfo info, CancellationToken cancellation)
    {
        if (info.LengthBytes > KeyRingCodec.MaxBytes)
            return null;
        byte[] bytes = new byte[info.LengthBytes];
        await store.GetAsync(info.Key, 0, bytes, cancellation);
        return bytes;
    }
}

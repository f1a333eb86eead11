using System.Security.Cryptography;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// What a store has to know to seal and open its objects (docs/FORMATS.md, "Key ring"): the data keys, and under which wrapping keys they are locked.
/// A ring without wraps belongs to a store that is compressed and not encrypted. <paramref name="HasPlainObjects"/>: an object may be as it was put;
/// <paramref name="HasPackedObjects"/>: one may be compressed. <paramref name="Secret"/> locks the data keys, each wrap locks it. Immutable; any thread; its owner writes no part of it into a message.
/// </summary>
internal sealed record KeyRing(Guid Id, ulong Revision, bool HasPlainObjects, bool HasPackedObjects, byte[] Secret, IReadOnlyList<KeyWrap> Wraps, DataKeySet DataKeys)
{
    /// <summary>Most wraps.</summary>
    public const int MaxWraps = 16;

    /// <summary>True where what is put is encrypted.</summary>
    public bool IsEncrypted => Wraps.Count > 0;

    /// <summary>A new ring of a store.</summary>
    public static KeyRing Create(bool hasPlainObjects, SealingOptions options)
    {
        var ring = new KeyRing(Guid.NewGuid(), 1, hasPlainObjects, options.Packs, [], [], new([]));
        return options.Key is null ? ring : ring.With(options.Key).WithNewDataKey();
    }

    /// <summary>True where this wrapping key opens the ring.</summary>
    public bool Knows(WrappingKey key) => Wraps.Any(wrap => wrap.KeyId == key.Id);

    /// <summary>The ring, opened by this wrapping key, too. The first one locks a new secret, since before it there was none to keep.</summary>
    public KeyRing With(WrappingKey key)
    {
        byte[] secret = IsEncrypted ? Secret : RandomNumberGenerator.GetBytes(WrappingKey.Bytes);
        return Knows(key) ? this : this with { Secret = secret, Wraps = [.. Wraps, KeyWrap.Make(Id, secret, key)] };
    }

    /// <summary>The ring, opened by this wrapping key alone, which is one of its own.</summary>
    public KeyRing Only(WrappingKey key) => this with { Wraps = [.. Wraps.Where(wrap => wrap.KeyId == key.Id)] };

    /// <summary>The ring with one more data key, for what is put from now on, below <paramref name="prefix"/> where that is not null.</summary>
    public KeyRing WithNewDataKey(string? prefix = null) => this with { DataKeys = DataKeys.WithNew(prefix) };
}

using System.Security.Cryptography;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// What a store has to know to seal and open its objects (docs/FORMATS.md, "Key ring"): the data keys, the newest last, and under which wrapping keys they are locked.
/// A ring without wraps belongs to a store that is compressed and not encrypted. <paramref name="HasPlainObjects"/>: an object may be as it was put;
/// <paramref name="HasPackedObjects"/>: one may be compressed. <paramref name="Secret"/> locks the data keys, each wrap locks it. Immutable; any thread; its owner writes no part of it into a message.
/// </summary>
internal sealed record KeyRing(Guid Id, ulong Revision, bool HasPlainObjects, bool HasPackedObjects, byte[] Secret, IReadOnlyList<KeyWrap> Wraps, IReadOnlyList<DataKey> DataKeys)
{
    /// <summary>Most data keys, and most wraps.</summary>
    public const int MaxDataKeys = 4096, MaxWraps = 16;

    /// <summary>True where what is put is encrypted.</summary>
    public bool IsEncrypted => Wraps.Count > 0;

    /// <summary>A new ring of a store.</summary>
    public static KeyRing Create(bool hasPlainObjects, SealingOptions options)
    {
        var ring = new KeyRing(Guid.NewGuid(), 1, hasPlainObjects, options.Packs, [], [], []);
        return options.Key is null ? ring : ring.With(options.Key).WithNewDataKey();
    }

    /// <summary>The data key with a number; null where the ring has none.</summary>
    public DataKey? Find(uint number) => number >= 1 && number <= DataKeys.Count ? DataKeys[(int)number - 1] : null;

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

    /// <summary>The ring with one more data key, for what is put from now on.</summary>
    public KeyRing WithNewDataKey() => this with { DataKeys = [.. DataKeys, new((uint)DataKeys.Count + 1, RandomNumberGenerator.GetBytes(WrappingKey.Bytes))] };
}

/// <summary>A key that objects are sealed with, by its number from 1. Not a record: its text would be the key's.</summary>
internal sealed class DataKey(uint number, byte[] key)
{
    /// <summary>Its number, which objects name.</summary>
    public uint Number => number;

    /// <summary>The key; never shown.</summary>
    public ReadOnlySpan<byte> Key => key;
}

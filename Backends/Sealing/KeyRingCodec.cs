using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Sealing;

/// <summary>Reads and writes key rings (docs/FORMATS.md, "Key ring"). Stateless; any thread.</summary>
internal static class KeyRingCodec
{
    /// <summary>The longest ring.</summary>
    public const int MaxBytes = HeaderBytes + (KeyRing.MaxWraps * WrapBytes) + NonceBytes + TagBytes + ((DataKeySet.MaxShared + DataKeySet.MaxOwn) * EntryBytes) + CrcBytes;

    // Version 1 has the keys alone, numbered from 1; it is what a ring without keys of prefixes is written as, so that a former program opens it.
    private const uint Version = 2, VersionWithoutPrefixes = 1, PlainObjectsFlag = 1, PackedObjectsFlag = 2;
    private const int PrefixBytes = 60, EntryBytes = sizeof(uint) + PrefixBytes + WrappingKey.Bytes;
    private const int HeaderBytes = 48, WrapBytes = WrappingKey.IdBytes + KeyWrap.LockedBytes, NonceBytes = 12, TagBytes = 16, CrcBytes = 4;

    /// <summary>The longest prefix that a key can belong to, in ASCII characters.</summary>
    public const int MaxPrefixBytes = PrefixBytes;

    /// <summary>Bytes that a ring may come to have with one more key.</summary>
    public static int LongestWithOneMore(KeyRing ring) => HeaderBytes + (KeyRing.MaxWraps * WrapBytes) + NonceBytes + TagBytes + ((ring.DataKeys.All.Count + 1) * EntryBytes) + CrcBytes;

    /// <summary>The bytes of a ring, with a nonce of their own.</summary>
    public static byte[] Write(KeyRing ring)
    {
        IReadOnlyList<DataKey> keys = ring.DataKeys.All;
        uint version = keys.Index().All(entry => entry.Item.Prefix is null && entry.Item.Number == entry.Index + 1) ? VersionWithoutPrefixes : Version;
        int bodyAt = HeaderBytes + (ring.Wraps.Count * WrapBytes);
        byte[] bytes = new byte[bodyAt + NonceBytes + TagBytes + (keys.Count * BytesOfKey(version)) + CrcBytes];
        "LUNARING"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)bytes.Length);
        ring.Id.TryWriteBytes(bytes.AsSpan(16, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(32), ring.Revision);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(40), (ring.HasPlainObjects ? PlainObjectsFlag : 0) | (ring.HasPackedObjects ? PackedObjectsFlag : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(44), (ushort)ring.Wraps.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(46), (ushort)keys.Count);
        for (int i = 0; i < ring.Wraps.Count; i++)
        {
            Span<byte> wrap = bytes.AsSpan(HeaderBytes + (i * WrapBytes), WrapBytes);
            Convert.FromHexString(ring.Wraps[i].KeyId).CopyTo(wrap);
            ring.Wraps[i].Locked.CopyTo(wrap[WrappingKey.IdBytes..]);
        }
        LockDataKeys(ring, version, bytes.AsSpan(0, bodyAt), bytes.AsSpan(bodyAt..^CrcBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(^CrcBytes..), Crc32C.Compute(bytes.AsSpan(..^CrcBytes)));
        return bytes;
    }

    /// <summary>What anybody can read of a ring; null where it is damaged or cut.</summary>
    /// <exception cref="InvalidDataException">It is of a newer version.</exception>
    public static LockedRing? Read(byte[] bytes)
    {
        if (bytes.Length < HeaderBytes + CrcBytes || !bytes.AsSpan().StartsWith("LUNARING"u8))
            return null;
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8));
        if (version is not (Version or VersionWithoutPrefixes))
            throw new InvalidDataException($"The pool's key ring is of version {version}; this program knows versions up to {Version}. Use the newer program that wrote it.");
        int wraps = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(44)), keys = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(46));
        int bodyAt = HeaderBytes + (wraps * WrapBytes);
        return bytes.Length == BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(12))
            && bytes.Length == bodyAt + NonceBytes + TagBytes + (keys * BytesOfKey(version)) + CrcBytes
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^CrcBytes..)) == Crc32C.Compute(bytes.AsSpan(..^CrcBytes))
            ? new LockedRing(
                new Guid(bytes.AsSpan(16, 16), bigEndian: true),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(32)),
                (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(40)) & PlainObjectsFlag) != 0,
                (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(40)) & PackedObjectsFlag) != 0,
                [.. Enumerable.Range(0, wraps).Select(i => ReadWrap(bytes.AsSpan(HeaderBytes + (i * WrapBytes), WrapBytes)))],
                bytes[..bodyAt],
                bytes[bodyAt..^CrcBytes])
            : null;
    }

    /// <summary>Opens a ring. A ring without wraps needs no key.</summary>
    /// <exception cref="CryptographicException">The ring was changed, or the key is not the one of the wrap.</exception>
    public static KeyRing Open(LockedRing locked, WrappingKey? key)
    {
        byte[] secret = key is null ? [] : locked.Wraps.First(wrap => wrap.KeyId == key.Id).Open(locked.Id, key);
        byte[] keys = new byte[locked.Body.Length - NonceBytes - TagBytes];
        if (key is not null)
        {
            using var cipher = new AesGcm(secret, TagBytes);
            cipher.Decrypt(locked.Body.AsSpan(0, NonceBytes), locked.Body.AsSpan(NonceBytes + TagBytes), locked.Body.AsSpan(NonceBytes, TagBytes), keys, locked.Head);
        }
        int keyBytes = BytesOfKey(BinaryPrimitives.ReadUInt32LittleEndian(locked.Head.AsSpan(8)));
        var all = new List<DataKey>();
        for (int at = 0; at < keys.Length; at += keyBytes)
            all.Add(ReadKey(keys.AsSpan(at, keyBytes), (uint)all.Count + 1));
        CryptographicOperations.ZeroMemory(keys);
        return new(locked.Id, locked.Revision, locked.HasPlainObjects, locked.HasPackedObjects, secret, locked.Wraps, new(all));
    }

    private static int BytesOfKey(uint version) => version == Version ? EntryBytes : WrappingKey.Bytes;

    private static DataKey ReadKey(ReadOnlySpan<byte> entry, uint place)
    {
        byte[] key = entry[^WrappingKey.Bytes..].ToArray();
        if (entry.Length == WrappingKey.Bytes)
            return new(place, key);
        string prefix = Encoding.ASCII.GetString(entry.Slice(sizeof(uint), PrefixBytes)).TrimEnd('\0');
        return new(BinaryPrimitives.ReadUInt32LittleEndian(entry), key, prefix.Length == 0 ? null : prefix);
    }

    private static void WriteKey(DataKey key, Span<byte> entry)
    {
        key.Key.CopyTo(entry[^WrappingKey.Bytes..]);
        if (entry.Length == WrappingKey.Bytes)
            return;
        BinaryPrimitives.WriteUInt32LittleEndian(entry, key.Number);
        Encoding.ASCII.GetBytes(key.Prefix ?? "", entry.Slice(sizeof(uint), PrefixBytes));
    }

    private static void LockDataKeys(KeyRing ring, uint version, ReadOnlySpan<byte> head, Span<byte> body)
    {
        if (!ring.IsEncrypted)
            return;
        int keyBytes = BytesOfKey(version);
        byte[] keys = new byte[ring.DataKeys.All.Count * keyBytes];
        for (int i = 0; i < ring.DataKeys.All.Count; i++)
            WriteKey(ring.DataKeys.All[i], keys.AsSpan(i * keyBytes, keyBytes));
        RandomNumberGenerator.Fill(body[..NonceBytes]);
        using var cipher = new AesGcm(ring.Secret, TagBytes);
        cipher.Encrypt(body[..NonceBytes], keys, body[(NonceBytes + TagBytes)..], body.Slice(NonceBytes, TagBytes), head);
        CryptographicOperations.ZeroMemory(keys);
    }

    private static KeyWrap ReadWrap(ReadOnlySpan<byte> bytes) =>
        new(Convert.ToHexStringLower(bytes[..WrappingKey.IdBytes]), bytes[WrappingKey.IdBytes..].ToArray());
}

/// <summary>A ring whose data keys are still locked: <paramref name="Body"/>, bound to <paramref name="Head"/>, its bytes before them. Immutable; any thread.</summary>
internal sealed record LockedRing(Guid Id, ulong Revision, bool HasPlainObjects, bool HasPackedObjects, IReadOnlyList<KeyWrap> Wraps, byte[] Head, byte[] Body);

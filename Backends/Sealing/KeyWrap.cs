using System.Security.Cryptography;

namespace Lunaria.Backends.Sealing;

/// <summary>A ring's secret, locked with one wrapping key. Immutable; any thread.</summary>
internal sealed class KeyWrap(string keyId, byte[] locked)
{
    /// <summary>Nonce, tag and secret.</summary>
    public const int LockedBytes = NonceBytes + TagBytes + WrappingKey.Bytes;

    private const int NonceBytes = 12, TagBytes = 16;

    /// <summary>Id of the wrapping key.</summary>
    public string KeyId => keyId;

    /// <summary>The locked secret.</summary>
    public ReadOnlySpan<byte> Locked => locked;

    /// <summary>Locks the secret of a ring.</summary>
    public static KeyWrap Make(Guid ring, ReadOnlySpan<byte> secret, WrappingKey key)
    {
        byte[] locked = new byte[LockedBytes];
        RandomNumberGenerator.Fill(locked.AsSpan(0, NonceBytes));
        using AesGcm cipher = key.CreateCipher();
        cipher.Encrypt(locked.AsSpan(0, NonceBytes), secret, locked.AsSpan(NonceBytes + TagBytes), locked.AsSpan(NonceBytes, TagBytes), BoundTo(ring, key.Id));
        return new(key.Id, locked);
    }

    /// <summary>The secret; throws <see cref="AuthenticationTagMismatchException"/> where wrap or key is not what it should be.</summary>
    public byte[] Open(Guid ring, WrappingKey key)
    {
        byte[] secret = new byte[WrappingKey.Bytes];
        using AesGcm cipher = key.CreateCipher();
        cipher.Decrypt(locked.AsSpan(0, NonceBytes), locked.AsSpan(NonceBytes + TagBytes), locked.AsSpan(NonceBytes, TagBytes), secret, BoundTo(ring, keyId));
        return secret;
    }

    private static byte[] BoundTo(Guid ring, string keyId) => [.. ring.ToByteArray(bigEndian: true), .. Convert.FromHexString(keyId)];
}

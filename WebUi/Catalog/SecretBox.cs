using System.Security.Cryptography;
using System.Text;
using Lunaria.WebUi.Security;

namespace Lunaria.WebUi.Catalog;

/// <summary>
/// Encrypts secrets for lunaria.db with the key in secrets.key (readable by the owner only), so that the database alone gives none away.
/// AES-256-GCM: nonce (12 bytes), tag (16), text; bound to what the secret belongs to. Any thread.
/// </summary>
public sealed class SecretBox
{
    private const string FileName = "secrets.key";
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key;

    /// <summary>A box with a key of 32 bytes.</summary>
    internal SecretBox(byte[] key) => _key = key;

    /// <summary>Reads the key of a data directory, or makes it where absent.</summary>
    public static SecretBox Open(string directory)
    {
        var path = KeyPath(directory);
        if (!File.Exists(path))
            PrivateFile.Write(path, RandomNumberGenerator.GetBytes(KeyBytes));
        var key = File.ReadAllBytes(path);
        return key.Length == KeyBytes
            ? new SecretBox(key)
            : throw new InvalidDataException($"{path} has {key.Length} bytes instead of {KeyBytes}: it is damaged. Restore it from a copy; without it the CHAP secrets cannot be read");
    }

    /// <summary>Where the key of a data directory is.</summary>
    internal static string KeyPath(string directory) => Path.Combine(directory, FileName);

    /// <summary>Encrypts <paramref name="secret"/> for <paramref name="owner"/>.</summary>
    public byte[] Seal(string secret, string owner)
    {
        var text = Encoding.UTF8.GetBytes(secret);
        var box = new byte[NonceBytes + TagBytes + text.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(box.AsSpan(0, NonceBytes), text, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(owner));
        return box;
    }

    /// <summary>Decrypts what <see cref="Seal"/> made for the same owner; CryptographicException for anything else.</summary>
    public string Open(byte[] box, string owner)
    {
        if (box.Length < NonceBytes + TagBytes)
            throw new CryptographicException("too short");
        var text = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(_key, TagBytes);
        aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), text, Encoding.UTF8.GetBytes(owner));
        return Encoding.UTF8.GetString(text);
    }
}

using System.Security.Cryptography;
using System.Text;
using Lunaria.WebUi.Security;

namespace Lunaria.WebUi.Catalog;

/// <summary>
/// The key of <see cref="SecretBox"/> as an administrator keeps it elsewhere: a line of text. Whoever has it and the object store can read the CHAP secrets; without it they cannot be read on
/// another machine. Stateless.
/// </summary>
public static class RecoveryKey
{
    private const string Prefix = "lunaria-recovery-key-1";
    private const int KeyBytes = 32, SumBytes = 4, GroupLetters = 8;

    /// <summary>The key of a data directory; null where it has none, because nothing was encrypted yet.</summary>
    /// <exception cref="InvalidDataException">The key file is damaged.</exception>
    public static string? Export(string directory)
    {
        var path = SecretBox.KeyPath(directory);
        if (!File.Exists(path))
            return null;
        var key = File.ReadAllBytes(path);
        if (key.Length != KeyBytes)
            throw new InvalidDataException($"{path} has {key.Length} bytes instead of {KeyBytes}: it is damaged. Restore it from a copy");
        var text = Convert.ToHexStringLower([.. key, .. SumOf(key)]);
        return $"{Prefix} {string.Join('-', text.Chunk(GroupLetters).Select(group => new string(group)))}";
    }

    /// <summary>The key in a text that <see cref="Export"/> gave.</summary>
    /// <exception cref="InvalidDataException">It is none, or was not copied whole.</exception>
    public static byte[] Parse(string text)
    {
        var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 2 || parts[0] != Prefix)
            throw new InvalidDataException($"This is no recovery key: it has to begin with '{Prefix}'. Take what 'lunaria recovery-key' printed.");
        try
        {
            var bytes = Convert.FromHexString(string.Concat(parts[1..]).Replace("-", "", StringComparison.Ordinal));
            if (bytes.Length == KeyBytes + SumBytes && CryptographicOperations.FixedTimeEquals(bytes.AsSpan(KeyBytes), SumOf(bytes.AsSpan(0, KeyBytes))))
                return bytes[..KeyBytes];
        }
        catch (FormatException)
        {
            // As one whose sum is wrong.
        }

        throw new InvalidDataException("This recovery key was not copied whole: its check sum is wrong. Copy the whole line.");
    }

    /// <summary>Makes a key the one of a data directory that has none yet.</summary>
    public static void Install(string directory, byte[] key) => PrivateFile.Write(SecretBox.KeyPath(directory), key);

    private static byte[] SumOf(ReadOnlySpan<byte> key) => SHA256.HashData([.. Encoding.ASCII.GetBytes(Prefix), .. key])[..SumBytes];
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// The key that a pool's key ring is locked with. It never leaves memory; what is shown is its id. Made at the start or for a rotation; immutable, any thread.
/// </summary>
public sealed class WrappingKey
{
    /// <summary>Bytes of a key: AES-256.</summary>
    public const int Bytes = 32;

    /// <summary>Bytes of an id.</summary>
    internal const int IdBytes = 8;

    private const int TagBytes = 16, MaxFileBytes = 1024;
    private const UnixFileMode OthersMode = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly byte[] _key;

    internal WrappingKey(byte[] key)
    {
        _key = key;
        Id = Convert.ToHexStringLower(SHA256.HashData([.. "Lunaria wrapping key\0"u8, .. key]).AsSpan(0, IdBytes));
    }

    /// <summary>16 hex digits that tell keys apart and say nothing about the key.</summary>
    public string Id { get; }

    /// <summary>Reads the key: 32 bytes as 64 hex digits or in Base64, white space around them ignored.</summary>
    /// <exception cref="InvalidDataException">There is none, it is no key, or others can read the file. The message names the place and the remedy, never what stands there.</exception>
    public static WrappingKey Read(KeySource source)
    {
        byte[] text = source.FilePath is { } path ? ReadFile(path) : ReadVariable(source.Variable!);
        try
        {
            byte[] key = new byte[Bytes];
            return TryDecode(text.AsSpan().Trim(" \t\r\n"u8), key)
                ? new WrappingKey(key)
                : throw new InvalidDataException($"The encryption key in {source} is not 32 bytes as 64 hex digits or in Base64. Make one with: openssl rand -hex 32");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"wrapping key {Id}";

    /// <summary>The cipher of this key; the caller disposes it.</summary>
    internal AesGcm CreateCipher() => new(_key, TagBytes);

    private static byte[] ReadFile(string path)
    {
        try
        {
            if (!File.Exists(path))
                throw new InvalidDataException($"The encryption key file {path} is not there. Bring it back from where keys are kept; without it the pool cannot be read.");
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & OthersMode) != 0)
                throw new InvalidDataException($"Others than its owner can use the encryption key file {path}. Say: chmod 600 {path}");
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaxFileBytes)
                throw new InvalidDataException($"The encryption key file {path} has {file.Length} bytes: that is no key. Name the file with the 64 hex digits.");
            byte[] text = new byte[file.Length];
            file.ReadExactly(text);
            return text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"The encryption key file {path} cannot be read: {e.Message}", e);
        }
    }

    private static byte[] ReadVariable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? Encoding.UTF8.GetBytes(value)
            : throw new InvalidDataException($"The encryption key should be in the environment's {name}, which is not set. Set it where the appliance is started.");

    private static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> key)
    {
        if (text.Length == 2 * Bytes)
            return Convert.FromHexString(text, key, out _, out int decoded) == System.Buffers.OperationStatus.Done && decoded == Bytes;
        Span<byte> bytes = stackalloc byte[3 * Bytes];
        bool isKey = text.Length <= bytes.Length
            && Base64.DecodeFromUtf8(text, bytes, out _, out int length) == System.Buffers.OperationStatus.Done && length == Bytes;
        bytes[..Bytes].CopyTo(key);
        CryptographicOperations.ZeroMemory(bytes);
        return isKey;
    }
}

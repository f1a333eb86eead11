using System.Security.Cryptography;
using System.Text;

namespace Lunaria.Iscsi.Login;

/// <summary>
/// A CHAP secret. Keeps its bytes to itself: it prints as <c>***</c>, so that no log, error text or record shows it. Immutable.
/// </summary>
public sealed class ChapSecret : IEquatable<ChapSecret>
{
    /// <summary>Shortest secret, bytes: 96 bits (RFC 7143 12.1.3); Windows and ESXi refuse shorter ones, too.</summary>
    public const int MinLengthBytes = 12;

    /// <summary>Longest secret, bytes.</summary>
    public const int MaxLengthBytes = 255;

    private readonly byte[] bytes;

    /// <summary>A secret of text, taken as UTF-8. Throws <see cref="ArgumentException"/> when it is too short or too long.</summary>
    public ChapSecret(string text)
        : this(Encoding.UTF8.GetBytes(text ?? throw new ArgumentNullException(nameof(text))))
    {
    }

    /// <summary>A secret of bytes. Throws <see cref="ArgumentException"/> when it is too short or too long.</summary>
    public ChapSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length is < MinLengthBytes or > MaxLengthBytes)
            throw new ArgumentException($"A CHAP secret has {MinLengthBytes} to {MaxLengthBytes} bytes; this one has {secret.Length}.");
        bytes = secret.ToArray();
    }

    internal ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Compares in constant time.</summary>
    public bool Equals(ChapSecret? other) => other is not null && CryptographicOperations.FixedTimeEquals(bytes, other.bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ChapSecret);

    /// <summary>Says nothing of the content.</summary>
    public override int GetHashCode() => bytes.Length;

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";
}

/// <summary>A name and a secret for one direction of CHAP (RFC 7143 12.1.3). Immutable.</summary>
public sealed record ChapCredentials(string Name, ChapSecret Secret);

using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Lunaria.Iscsi.Login;

/// <summary>One hash of the CHAP_A list, by its number in the IANA registry of PPP authentication algorithms.</summary>
internal sealed record ChapAlgorithm(int Number, int LengthBytes, Func<byte[], byte[]> Hash)
{
    /// <summary>What this platform offers, best first: the target's order decides, not the initiator's.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 7143 12.1.3 demands MD5; SHA-1 is what some initiators offer beside it.")]
    [SuppressMessage("Security", "CA5351", Justification = "RFC 7143 12.1.3 demands MD5.")]
    public static IReadOnlyList<ChapAlgorithm> Offered { get; } =
    [
        .. SHA3_256.IsSupported ? [new ChapAlgorithm(8, 32, SHA3_256.HashData)] : Array.Empty<ChapAlgorithm>(),
        new(7, 32, SHA256.HashData),
        new(6, 20, SHA1.HashData),
        new(5, 16, MD5.HashData),
    ];

    /// <summary>The best algorithm of a CHAP_A list; null when there is none in common.</summary>
    public static ChapAlgorithm? Choose(string list)
    {
        string[] numbers = list.Split(',');
        foreach (ChapAlgorithm algorithm in Offered)
            foreach (string number in numbers)
                if (int.TryParse(number, out int value) && value == algorithm.Number)
                    return algorithm;
        return null;
    }

    /// <summary>The response to a challenge (RFC 1994 4.1): hash of identifier, secret and challenge.</summary>
    public byte[] Respond(byte identifier, ChapSecret secret, ReadOnlySpan<byte> challenge) =>
        Hash([identifier, .. secret.Bytes, .. challenge]);
}

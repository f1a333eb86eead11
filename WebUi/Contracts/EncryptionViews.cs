namespace Lunaria.WebUi.Contracts;

/// <summary>
/// How the store is encrypted and compressed. <paramref name="KeyIds"/>: ids of the wrapping keys that open it, more than one between a rotation and the next start; <paramref name="DataKeys"/>:
/// how many keys its objects were encrypted with; <paramref name="Compressed"/>: what is stored now is compressed where that pays; <paramref name="HasPlainObjects"/>: objects from before it was encrypted may still be as they were.
/// <paramref name="PutBytes"/>: bytes of the objects stored since the start, which take <paramref name="StoredBytes"/> there.
/// </summary>
public sealed record EncryptionView(bool Encrypted, IReadOnlyList<string> KeyIds, int DataKeys, bool Compressed, bool HasPlainObjects, long PutBytes, long StoredBytes);

/// <summary>A wrapping key to use from now on.</summary>
public sealed record RotateKey
{
    /// <summary>Where the appliance finds it: file:PATH (below its data directory, or absolute) or environment:NAME. Never the key.</summary>
    public required string Source { get; init; }
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Sealing;

/// <summary>
/// Seals and opens the frames of one object, and its first page. The key is derived from the data key, the object's salt and its name, so that it belongs to this object as it
/// was put this time: a frame's number is a nonce that never comes again under it, and no frame fits another object, another place or another length. Without a data key frames
/// have a checksum instead. Owned by the opened object; thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Reads of an object go on when it is no longer kept; the cipher's handle frees itself when the last of them has ended.")]
internal sealed class FrameGuard
{
    /// <summary>Bytes of the longest check behind a frame.</summary>
    public const int LongestCheck = 16;

    private const int NonceBytes = 12, CrcBytes = 4;
    private const ulong PageNumber = ulong.MaxValue;

    private readonly AesGcm? _cipher;
    private readonly Lock _one = new();
    private readonly uint _crcSeed;

    /// <summary>For the object <paramref name="key"/>; null <paramref name="dataKey"/> = checksums only.</summary>
    public FrameGuard(DataKey? dataKey, ReadOnlySpan<byte> salt, string key)
    {
        _crcSeed = Crc32C.Compute(salt);
        if (dataKey is null)
            return;
        Span<byte> derived = stackalloc byte[WrappingKey.Bytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, dataKey.Key, derived, salt, Encoding.ASCII.GetBytes($"Lunaria object 1\0{key}"));
        _cipher = new AesGcm(derived, LongestCheck);
        CryptographicOperations.ZeroMemory(derived);
    }

    /// <summary>Bytes of a check.</summary>
    public static int CheckBytes(bool isEncrypted) => isEncrypted ? LongestCheck : CrcBytes;

    /// <summary>Seals a frame; <paramref name="stored"/> is as long as <paramref name="plain"/>, <paramref name="check"/> as long as checks of this object are.</summary>
    public void Seal(int frame, ReadOnlySpan<byte> plain, Span<byte> stored, Span<byte> check)
    {
        if (_cipher is null)
        {
            plain.CopyTo(stored);
            BinaryPrimitives.WriteUInt32LittleEndian(check, Checksum((ulong)frame, plain));
            return;
        }
        Span<byte> nonce = stackalloc byte[NonceBytes];
        WriteNonce(nonce, (ulong)frame);
        lock (_one)
            _cipher.Encrypt(nonce, plain, stored, check);
    }

    /// <summary>Opens a frame; false = it is not what was sealed, and <paramref name="plain"/> means nothing.</summary>
    public bool TryOpen(int frame, ReadOnlySpan<byte> stored, ReadOnlySpan<byte> check, Span<byte> plain)
    {
        if (_cipher is not null)
            return TryDecrypt((ulong)frame, stored, check, plain, default);
        stored.CopyTo(plain);
        return BinaryPrimitives.ReadUInt32LittleEndian(check) == Checksum((ulong)frame, plain);
    }

    /// <summary>Writes the check of the first page, which is as <see cref="SealedHeader.Write"/> left it.</summary>
    public void SealPage(Span<byte> page)
    {
        Span<byte> check = page.Slice(SealedHeader.CheckOffset, LongestCheck);
        check.Clear();
        if (_cipher is null)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(check, Checksum(PageNumber, page));
            return;
        }
        Span<byte> nonce = stackalloc byte[NonceBytes], tag = stackalloc byte[LongestCheck];
        WriteNonce(nonce, PageNumber);
        lock (_one)
            _cipher.Encrypt(nonce, [], [], tag, page);
        tag.CopyTo(check);
    }

    /// <summary>True where the first page is what was sealed. Clears its check.</summary>
    public bool IsRightPage(Span<byte> page)
    {
        Span<byte> check = stackalloc byte[LongestCheck], stored = page.Slice(SealedHeader.CheckOffset, LongestCheck);
        stored.CopyTo(check);
        stored.Clear();
        return _cipher is null
            ? BinaryPrimitives.ReadUInt32LittleEndian(check) == Checksum(PageNumber, page) && !check[CrcBytes..].ContainsAnyExcept((byte)0)
            : TryDecrypt(PageNumber, [], check, [], page);
    }

    private bool TryDecrypt(ulong number, ReadOnlySpan<byte> stored, ReadOnlySpan<byte> check, Span<byte> plain, ReadOnlySpan<byte> bound)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        WriteNonce(nonce, number);
        try
        {
            lock (_one)
                _cipher!.Decrypt(nonce, stored, check, plain, bound);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private uint Checksum(ulong number, ReadOnlySpan<byte> content)
    {
        Span<byte> place = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(place, number);
        return Crc32C.Append(Crc32C.Append(_crcSeed, place), content);
    }

    private static void WriteNonce(Span<byte> nonce, ulong number)
    {
        nonce.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce, number);
    }
}

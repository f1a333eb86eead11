using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Lunaria.Volumes.Transfer;

/// <summary>What a chunk says. The numbers are in exported files.</summary>
public enum ExportChunkKind : byte
{
    /// <summary>The range holds the bytes that follow.</summary>
    Data = 1,
    /// <summary>The range reads as zeros.</summary>
    Zeros = 2,
    /// <summary>Nothing follows.</summary>
    End = 3,
}

/// <summary>
/// The head of a chunk of an exported stream: a range of the volume and, for <see cref="ExportChunkKind.Data"/>, as many bytes behind it. Its hash is over the hash of the
/// chunk before it, its own head and its bytes, so that the last one stands for all. Immutable.
/// </summary>
public readonly record struct ExportChunk(ExportChunkKind Kind, long OffsetBytes, long LengthBytes)
{
    /// <summary>Bytes of a head, hash included.</summary>
    public const int Bytes = 32 + ExportHeader.HashBytes;

    /// <summary>Most bytes of data behind one head.</summary>
    public const int MaxDataBytes = 1 << 20;

    private const int HashAt = 32;

    private static ReadOnlySpan<byte> Magic => "LXCH"u8;

    /// <summary>Bytes that follow the head.</summary>
    public int PayloadBytes => Kind == ExportChunkKind.Data ? (int)LengthBytes : 0;

    /// <summary>The first byte of the volume behind the range.</summary>
    public long EndBytes => OffsetBytes + LengthBytes;

    /// <summary>Writes the head for its data, and puts its hash into <paramref name="chain"/>, which holds the one before.</summary>
    public void Encode(Span<byte> destination, ReadOnlySpan<byte> payload, byte[] chain)
    {
        destination[..Bytes].Clear();
        Magic.CopyTo(destination);
        destination[4] = (byte)Kind;
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], OffsetBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], LengthBytes);
        Hash(destination[..HashAt], payload, chain);
        chain.CopyTo(destination[HashAt..]);
    }

    /// <summary>Reads a head; InvalidDataException where it is none.</summary>
    public static ExportChunk Decode(ReadOnlySpan<byte> source)
    {
        ExportChunk chunk = new((ExportChunkKind)source[4], BinaryPrimitives.ReadInt64LittleEndian(source[8..]), BinaryPrimitives.ReadInt64LittleEndian(source[16..]));
        bool isRight = source.StartsWith(Magic) && chunk.OffsetBytes >= 0 && chunk.LengthBytes >= 0 && chunk.OffsetBytes <= long.MaxValue - chunk.LengthBytes && chunk.Kind switch
        {
            ExportChunkKind.Data => chunk.LengthBytes is > 0 and <= MaxDataBytes,
            ExportChunkKind.Zeros => chunk.LengthBytes > 0,
            ExportChunkKind.End => chunk.LengthBytes == 0,
            _ => false,
        };
        return isRight && ((chunk.OffsetBytes | chunk.LengthBytes) & 4095) == 0 ? chunk : throw new InvalidDataException("The export is damaged: a chunk does not begin where one should. Export again, or go on from before it.");
    }

    /// <summary>Puts the chunk's hash into <paramref name="chain"/>; false = it is not what the head says, and the chain stays.</summary>
    public static bool TryVerify(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, byte[] chain)
    {
        byte[] next = [.. chain];
        Hash(head[..HashAt], payload, next);
        if (!next.AsSpan().SequenceEqual(head[HashAt..Bytes]))
            return false;
        next.CopyTo(chain, 0);
        return true;
    }

    private static void Hash(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, byte[] chain)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(chain);
        hash.AppendData(head);
        hash.AppendData(payload);
        hash.GetHashAndReset(chain);
    }
}

/// <summary>
/// How far a stream has been written or taken: all of the volume below <paramref name="OffsetBytes"/>, and the hash of the last chunk in hexadecimal digits. With it, an export
/// goes on behind that chunk.
/// </summary>
public sealed record TransferPosition(long OffsetBytes, string Hash);

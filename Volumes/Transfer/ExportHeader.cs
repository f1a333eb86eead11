using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Lunaria.Volumes.Transfer;

/// <summary>
/// Begins an exported stream (docs/FORMATS.md, "Export stream"): of which <paramref name="Snapshot"/> of which <paramref name="Volume"/>, and since which older one
/// (Guid.Empty = all of it). Immutable.
/// </summary>
public sealed record ExportHeader(Guid Volume, Guid Snapshot, Guid Since, long SizeBytes, string SnapshotName)
{
    /// <summary>Bytes of a header.</summary>
    public const int Bytes = 256;

    /// <summary>Bytes of the hash that begins the chain of the chunks.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    private const uint Version = 1;
    private const int NameAt = 72, MaxNameBytes = 127, HashAt = Bytes - HashBytes;

    private static ReadOnlySpan<byte> Magic => "LUNAEXP\0"u8;

    /// <summary>Writes <see cref="Bytes"/> bytes.</summary>
    public void Encode(Span<byte> destination)
    {
        destination[..Bytes].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], Bytes);
        Volume.TryWriteBytes(destination[16..], bigEndian: true, out _);
        Snapshot.TryWriteBytes(destination[32..], bigEndian: true, out _);
        Since.TryWriteBytes(destination[48..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(destination[64..], SizeBytes);
        string name = SnapshotName;
        while (Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
            name = name[..^1];
        destination[NameAt] = (byte)Encoding.UTF8.GetBytes(name, destination.Slice(NameAt + 1, MaxNameBytes));
        SHA256.HashData(destination[..HashAt], destination[HashAt..]);
    }

    /// <summary>Reads a header; InvalidDataException where it is none, of a newer version, or damaged.</summary>
    public static ExportHeader Decode(ReadOnlySpan<byte> source)
    {
        if (!source.StartsWith(Magic))
            throw new InvalidDataException("This is no export of a volume: it does not begin with LUNAEXP. Give the file that lunaria volume export wrote.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) != Version)
            throw new InvalidDataException($"This export is of version {BinaryPrimitives.ReadUInt32LittleEndian(source[8..])}, this program knows {Version}. Use the version that wrote it, or a newer one.");
        if (BinaryPrimitives.ReadUInt32LittleEndian(source[12..]) != Bytes || source[NameAt] > MaxNameBytes || !SHA256.HashData(source[..HashAt]).AsSpan().SequenceEqual(source[HashAt..Bytes]))
            throw new InvalidDataException("The export is damaged at its beginning. Export again.");
        return new(
            new Guid(source[16..32], bigEndian: true), new Guid(source[32..48], bigEndian: true), new Guid(source[48..64], bigEndian: true),
            BinaryPrimitives.ReadInt64LittleEndian(source[64..]), Encoding.UTF8.GetString(source.Slice(NameAt + 1, source[NameAt])));
    }

    /// <summary>The hash that begins the chain, of a header as it was encoded.</summary>
    public static byte[] ChainOf(ReadOnlySpan<byte> encoded) => encoded[HashAt..Bytes].ToArray();
}

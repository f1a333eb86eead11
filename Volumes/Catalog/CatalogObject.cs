using System.Buffers.Binary;
using System.Globalization;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Catalog;

/// <summary>What an object of the catalog holds. The numbers are in the objects.</summary>
internal enum CatalogKind : ushort
{
    /// <summary>Which objects the catalog consists of.</summary>
    Manifest = 1,
    /// <summary>Rows of map.db.</summary>
    Map = 2,
    /// <summary>Rows of lunaria.db.</summary>
    Metadata = 3,
    /// <summary>Frames of the map journal.</summary>
    Frames = 4,
}

/// <summary>The envelope and the keys of catalog objects (docs/FORMATS.md, "Catalog"). Stateless; any thread.</summary>
internal static class CatalogObject
{
    /// <summary>All objects of the catalog.</summary>
    public const string Prefix = "catalog/";

    /// <summary>The one that names the others.</summary>
    public const string ManifestKey = Prefix + "manifest";

    /// <summary>Bytes in front of the payload.</summary>
    public const int HeaderBytes = 64;

    private const uint Version = 1;
    private const int CrcOffset = 60;

    private static ReadOnlySpan<byte> Magic => "LUNACTLG"u8;

    /// <summary>The key of an object; numbers are never given twice.</summary>
    public static string Key(ulong number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:x16}");

    /// <summary>The number in a key; false for the manifest and for what is not ours.</summary>
    public static bool TryParseKey(string key, out ulong number)
    {
        number = 0;
        return key.Length == Prefix.Length + 16 && ulong.TryParse(key.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>A whole object.</summary>
    public static byte[] Write(CatalogKind kind, Guid poolId, ulong number, ReadOnlySpan<byte> payload)
    {
        byte[] content = new byte[HeaderBytes + payload.Length];
        Magic.CopyTo(content);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(12), (ushort)kind);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(16), payload.Length);
        poolId.TryWriteBytes(content.AsSpan(24, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(40), number);
        payload.CopyTo(content.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(CrcOffset), Crc32C.Compute(content));
        return content;
    }

    /// <summary>The payload of an object that is what it has to be.</summary>
    /// <exception cref="InvalidDataException">It is damaged, another one, another pool's, or newer than this program.</exception>
    public static ReadOnlyMemory<byte> Read(string key, ReadOnlyMemory<byte> content, CatalogKind kind, Guid? poolId, ulong number, out Guid pool)
    {
        ReadOnlySpan<byte> bytes = content.Span;
        if (bytes.Length < HeaderBytes || !bytes.StartsWith(Magic))
            throw Damaged(key, "it is too short, or begins otherwise");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        uint crc = Crc32C.Append(Crc32C.Append(Crc32C.Compute(bytes[..CrcOffset]), [0, 0, 0, 0]), bytes[HeaderBytes..]);
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]) != bytes.Length - HeaderBytes || crc != BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcOffset..]))
            throw Damaged(key, "its length or its checksum is wrong");
        if (version != Version)
            throw new InvalidDataException($"The object {key} was written by a newer program (version {version}; this one knows {Version}). Use that program.");
        pool = new Guid(bytes.Slice(24, 16), bigEndian: true);
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]) != (ushort)kind || BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]) != number)
            throw Damaged(key, "it is another object's content");
        if (poolId is { } wanted && pool != wanted)
            throw new InvalidDataException($"The object {key} is of pool {pool}, not of {wanted}. Use the store that belongs to the data directory.");
        return content[HeaderBytes..];
    }

    private static InvalidDataException Damaged(string key, string problem) =>
        new($"The object {key} of the catalog is damaged: {problem}. Restore the object from a copy of the store.");
}

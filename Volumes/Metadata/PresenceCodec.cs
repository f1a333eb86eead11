using System.Buffers.Binary;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Metadata;

/// <summary>Which leaves of a group exist, as map.db holds it: 512 bits, leaf 0 the lowest of the first byte, and their CRC32C. Stateless; any thread.</summary>
internal static class PresenceCodec
{
    /// <summary>Bytes of a set.</summary>
    public const int Bytes = LeafGroup.Leaves / 8 + 4;

    /// <summary>The bytes of a set.</summary>
    public static byte[] Encode(LeafSet leaves)
    {
        byte[] content = new byte[Bytes];
        for (int word = 0; word < LeafGroup.Leaves / 64; word++)
            BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(word * 8), leaves[word]);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(Bytes - 4), Crc32C.Compute(content.AsSpan(0, Bytes - 4)));
        return content;
    }

    /// <summary>The set in bytes; false where they are damaged.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> content, out LeafSet leaves)
    {
        leaves = default;
        if (content.Length != Bytes || Crc32C.Compute(content[..^4]) != BinaryPrimitives.ReadUInt32LittleEndian(content[^4..]))
            return false;
        for (int word = 0; word < LeafGroup.Leaves / 64; word++)
            leaves[word] = BinaryPrimitives.ReadUInt64LittleEndian(content[(word * 8)..]);
        return true;
    }
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// What a cache device keeps about one slot, or in a slot of references about one window (docs/FORMATS.md, "Cache device"). Immutable; any thread.
/// <paramref name="Segment"/>, <paramref name="Window"/>: 0 for content. <paramref name="Sequence"/>, <paramref name="Line"/>: what the segment was, since numbers of segments may be
/// given anew by a rebuilt map. <paramref name="Owner"/>: first 8 bytes of the uuid of the volume that it is charged to. <paramref name="Crcs"/>: CRC32C of each block.
/// <paramref name="Hashes"/>: of content and references, first 8 bytes of the SHA-256 of pool id and block.
/// </summary>
internal sealed record CacheRecord(
    SlotKind Kind, uint Segment, int Window, ulong Sequence, Guid Line, ulong Owner, ulong Admission, ushort Valid, uint[] Crcs, ulong[] Hashes)
{
    /// <summary>Bytes of a record.</summary>
    public const int Bytes = 256;

    /// <summary>Records in a slot of references.</summary>
    public const int PerSlot = CacheWindow.Bytes / Bytes;

    private const uint Magic = 0x3152_434C; // "LCR1"
    private const int CrcOffset = 4, CrcsOffset = 56, HashesOffset = CrcsOffset + 4 * CacheWindow.Blocks, OwnerOffset = HashesOffset + 8 * CacheWindow.Blocks;

    /// <summary>Key of the window.</summary>
    public ulong Key => CacheWindow.Key(new(Segment), Window);

    /// <summary>Writes the 256 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination = destination[..Bytes];
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        destination[8] = (byte)Kind;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], Valid);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], Segment);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], Sequence);
        Line.TryWriteBytes(destination[24..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], Admission);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[48..], (ushort)Window);
        for (int i = 0; i < Crcs.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(destination[(CrcsOffset + 4 * i)..], Crcs[i]);
        for (int i = 0; i < Hashes.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(HashesOffset + 8 * i)..], Hashes[i]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[OwnerOffset..], Owner);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CrcOffset..], Crc32C.Compute(destination));
    }

    /// <summary>Reads a record; false where there is none that is intact.</summary>
    public static bool TryParse(ReadOnlySpan<byte> source, [NotNullWhen(true)] out CacheRecord? record)
    {
        record = null;
        if (!IsIntact(source))
            return false;
        var crcs = new uint[CacheWindow.Blocks];
        var hashes = new ulong[source[8] == (byte)SlotKind.Window ? 0 : CacheWindow.Blocks];
        for (int i = 0; i < crcs.Length; i++)
            crcs[i] = BinaryPrimitives.ReadUInt32LittleEndian(source[(CrcsOffset + 4 * i)..]);
        for (int i = 0; i < hashes.Length; i++)
            hashes[i] = BinaryPrimitives.ReadUInt64LittleEndian(source[(HashesOffset + 8 * i)..]);
        record = new(
            (SlotKind)source[8],
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadUInt16LittleEndian(source[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            new Guid(source[24..40], bigEndian: true),
            BinaryPrimitives.ReadUInt64LittleEndian(source[OwnerOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt16LittleEndian(source[10..]),
            crcs,
            hashes);
        return true;
    }

    /// <summary>The checksums of a window's blocks out of its record; false where the record is not that window's, or not intact. Allocates nothing.</summary>
    public static bool TryReadCrcs(ReadOnlySpan<byte> source, ulong key, Span<uint> crcs)
    {
        if (!IsIntact(source) || CacheWindow.Key(new(BinaryPrimitives.ReadUInt32LittleEndian(source[12..])), BinaryPrimitives.ReadUInt16LittleEndian(source[48..])) != key)
            return false;
        for (int i = 0; i < crcs.Length; i++)
            crcs[i] = BinaryPrimitives.ReadUInt32LittleEndian(source[(CrcsOffset + 4 * i)..]);
        return true;
    }

    private static bool IsIntact(ReadOnlySpan<byte> source)
    {
        source = source[..Bytes];
        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic || source[8] is 0 or > (byte)SlotKind.References)
            return false;
        uint crc = Crc32C.Append(Crc32C.Append(Crc32C.Compute(source[..CrcOffset]), [0, 0, 0, 0]), source[(CrcOffset + 4)..]);
        return crc == BinaryPrimitives.ReadUInt32LittleEndian(source[CrcOffset..]);
    }
}

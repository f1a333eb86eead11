using System.Buffers.Binary;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Map;

/// <summary>
/// A leaf as map.db holds it (docs/FORMATS.md, "map.db"): runs as variable-length differences, and a CRC32C, because a wrong leaf would name intact
/// blocks of the wrong place. Stateless; any thread.
/// </summary>
internal static class LeafCodec
{
    /// <summary>The longest leaf: 512 runs of at most 2 + 5 + 3 bytes.</summary>
    public const int MaxBytes = FixedBytes + BlockMap.LeafBlocks * 10 + CrcBytes;

    private const byte Version = 1;
    private const int FixedBytes = 3, CrcBytes = 4;

    /// <summary>Writes a leaf; gives its length.</summary>
    public static int Encode(ReadOnlySpan<LeafRun> runs, Span<byte> destination)
    {
        destination[0] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[1..], (ushort)runs.Length);
        int position = FixedBytes;
        uint segment = 0;
        int nextIndex = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            int length = LeafEditor.End(runs, i) - runs[i].Start;
            bool hole = runs[i].Segment == 0;
            WriteVariable(destination, ref position, (uint)length << 1 | (hole ? 0u : 1u));
            if (hole)
                continue;
            WriteDifference(destination, ref position, (long)runs[i].Segment - segment);
            WriteDifference(destination, ref position, runs[i].FirstIndex - (runs[i].Segment == segment ? nextIndex : 0));
            segment = runs[i].Segment;
            nextIndex = runs[i].FirstIndex + length;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(destination[position..], Crc32C.Compute(destination[..position]));
        return position + CrcBytes;
    }

    /// <summary>Reads a leaf into <paramref name="runs"/> (512); gives their number, 0 where the bytes are no intact leaf.</summary>
    public static int Decode(ReadOnlySpan<byte> source, Span<LeafRun> runs)
    {
        int end = source.Length - CrcBytes;
        if (end < FixedBytes || source[0] != Version
            || Crc32C.Compute(source[..end]) != BinaryPrimitives.ReadUInt32LittleEndian(source[end..]))
            return 0;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(source[1..]), position = FixedBytes, block = 0;
        source = source[..end];
        if (count > runs.Length)
            return 0;
        long segment = 0;
        long nextIndex = 0;
        for (int i = 0; i < count; i++)
        {
            ulong lead = ReadVariable(source, ref position);
            int length = (int)(lead >> 1 & 0x3FF);
            runs[i] = new(0, 0, (ushort)block);
            block += length;
            if (length == 0 || block > BlockMap.LeafBlocks)
                return 0;
            if ((lead & 1) == 0)
                continue;
            long difference = ReadDifference(source, ref position);
            long firstIndex = ReadDifference(source, ref position) + (difference == 0 ? nextIndex : 0);
            segment += difference;
            if (segment is <= 0 or > uint.MaxValue || firstIndex < 0 || firstIndex + length - 1 > ushort.MaxValue)
                return 0;
            runs[i] = runs[i] with { Segment = (uint)segment, FirstIndex = (ushort)firstIndex };
            nextIndex = firstIndex + length;
        }
        return block == BlockMap.LeafBlocks && position == source.Length ? count : 0;
    }

    private static void WriteDifference(Span<byte> destination, ref int position, long value) =>
        WriteVariable(destination, ref position, (ulong)(value << 1 ^ value >> 63));

    private static void WriteVariable(Span<byte> destination, ref int position, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            destination[position++] = (byte)(value | 0x80);
        destination[position++] = (byte)value;
    }

    private static long ReadDifference(ReadOnlySpan<byte> source, ref int position)
    {
        ulong value = ReadVariable(source, ref position);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private static ulong ReadVariable(ReadOnlySpan<byte> source, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; position < source.Length && shift < 64; shift += 7)
        {
            byte next = source[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                break;
        }
        return value;
    }
}

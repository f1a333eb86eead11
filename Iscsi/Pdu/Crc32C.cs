using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Lunaria.Iscsi.Pdu;

/// <summary>CRC32C as iSCSI digests use it (RFC 7143 13.1): over the bytes and their pad, sent little-endian.</summary>
internal static class Crc32C
{
    public const int LengthBytes = 4;

    // Three chains run side by side, because one CRC instruction takes three cycles but one can start in each.
    private const int LaneBytes = 1024;
    private static readonly uint[] ShiftByOneLane = BuildShiftTable(LaneBytes);

    /// <summary>The digest of <paramref name="bytes"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Append(uint.MaxValue, bytes);

    /// <summary>Writes the digest of <paramref name="bytes"/> to the first four bytes of <paramref name="destination"/>.</summary>
    public static void Write(ReadOnlySpan<byte> bytes, Span<byte> destination) =>
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Compute(bytes));

    /// <summary>True when the first four bytes of <paramref name="digest"/> are the digest of <paramref name="bytes"/>.</summary>
    public static bool Matches(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> digest) =>
        Compute(bytes) == BinaryPrimitives.ReadUInt32LittleEndian(digest);

    /// <summary>Continues a running, not yet inverted CRC.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes) =>
        Crc32CFolding.IsSupported && bytes.Length >= Crc32CFolding.MinBytes ? Folded(crc, bytes) : Advance(crc, bytes);

    private static uint Folded(uint crc, ReadOnlySpan<byte> bytes)
    {
        Span<byte> folded = stackalloc byte[64];
        bytes = Crc32CFolding.Fold(crc, bytes, folded);
        return Advance(Advance(0, folded), bytes);
    }

    /// <summary>The same by the CRC32 instruction alone.</summary>
    internal static uint Advance(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 3 * LaneBytes)
        {
            ReadOnlySpan<ulong> first = MemoryMarshal.Cast<byte, ulong>(bytes[..LaneBytes]);
            ReadOnlySpan<ulong> second = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(LaneBytes, LaneBytes));
            ReadOnlySpan<ulong> third = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(2 * LaneBytes, LaneBytes));
            uint secondCrc = 0, thirdCrc = 0;
            for (int i = 0; i < first.Length && i < second.Length && i < third.Length; i++)
            {
                crc = BitOperations.Crc32C(crc, Little(first[i]));
                secondCrc = BitOperations.Crc32C(secondCrc, Little(second[i]));
                thirdCrc = BitOperations.Crc32C(thirdCrc, Little(third[i]));
            }
            crc = Shift(Shift(crc) ^ secondCrc) ^ thirdCrc;
            bytes = bytes[(3 * LaneBytes)..];
        }
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes)) crc = BitOperations.Crc32C(crc, Little(word));
        foreach (byte one in bytes[(bytes.Length & ~7)..]) crc = BitOperations.Crc32C(crc, one);
        return crc;
    }

    private static ulong Little(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);

    /// <summary>What <paramref name="crc"/> becomes after one lane of zeros.</summary>
    private static uint Shift(uint crc) =>
        ShiftByOneLane[crc & 0xFF] ^ ShiftByOneLane[256 + ((crc >> 8) & 0xFF)]
        ^ ShiftByOneLane[512 + ((crc >> 16) & 0xFF)] ^ ShiftByOneLane[768 + (crc >> 24)];

    /// <summary>The zero shift is linear: its effect on each of the 32 bits, combined per byte of the CRC.</summary>
    private static uint[] BuildShiftTable(int zeroBytes)
    {
        uint[] table = new uint[4 * 256];
        for (int bit = 0; bit < 32; bit++)
        {
            uint crc = 1u << bit;
            for (int i = 0; i < zeroBytes; i++) crc = BitOperations.Crc32C(crc, (byte)0);
            int lane = bit / 8 * 256, mask = 1 << (bit % 8);
            for (int value = 0; value < 256; value++)
                if ((value & mask) != 0)
                    table[lane + value] ^= crc;
        }
        return table;
    }
}

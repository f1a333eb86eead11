using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lunaria.Volumes.Io;

/// <summary>CRC32C (Castagnoli, RFC 3385 and RFC 7143 13.1: reflected, initial value and final XOR of all ones). Stateless; any thread.</summary>
public static class Crc32C
{
    /// <summary>The checksum of 4096 zero bytes.</summary>
    public const uint ZeroBlock = 0x98F94189;

    // Each byte of a host passes here, from the first second on, so the loops are compiled in full at once: until the runtime would see to that, it takes seconds in which they are many times slower.

    // The instruction takes three cycles, but one starts in each: three lanes are computed side by side and then combined. Three lanes and two
    // words are 4 KiB.
    private const int LaneWords = 170, LaneBytes = LaneWords * 8;

    // What the register's byte i of value v becomes when a lane of zeros follows, at [i * 256 + v].
    private static readonly uint[] LaneShift = MakeLaneShift();

    /// <summary>The checksum of the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> source) => Append(0, source);

    /// <summary>The checksum of bytes whose checksum is <paramref name="crc"/>, followed by <paramref name="source"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> source)
    {
        return Crc32CFolding.IsSupported && source.Length >= Crc32CFolding.MinBytes ? ~Folded(~crc, source) : ~Advance(~crc, source);
    }

    /// <summary>The register after the bytes, by the CRC32 instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static uint Advance(uint crc, ReadOnlySpan<byte> source)
    {
        for (; source.Length >= 3 * LaneBytes; source = source[(3 * LaneBytes)..])
            crc = AppendLanes(crc, MemoryMarshal.Cast<byte, ulong>(source[..(3 * LaneBytes)]));
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(source))
            crc = BitOperations.Crc32C(crc, LittleEndian(word));
        foreach (byte value in source[(source.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, value);
        return crc;
    }

    [SkipLocalsInit]
    private static uint Folded(uint crc, ReadOnlySpan<byte> source)
    {
        Span<byte> folded = stackalloc byte[64];
        source = Crc32CFolding.Fold(crc, source, folded);
        return Advance(Advance(0, folded), source);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint AppendLanes(uint crc, ReadOnlySpan<ulong> words)
    {
        ReadOnlySpan<ulong> first = words[..LaneWords], second = words.Slice(LaneWords, LaneWords), third = words.Slice(2 * LaneWords, LaneWords);
        uint crc2 = 0, crc3 = 0;
        for (int i = 0; i < first.Length && i < second.Length && i < third.Length; i++)
        {
            crc = BitOperations.Crc32C(crc, LittleEndian(first[i]));
            crc2 = BitOperations.Crc32C(crc2, LittleEndian(second[i]));
            crc3 = BitOperations.Crc32C(crc3, LittleEndian(third[i]));
        }
        return Shift(Shift(crc) ^ crc2) ^ crc3;
    }

    private static uint Shift(uint crc)
    {
        uint[] table = LaneShift;
        return table[(byte)crc] ^ table[256 + (byte)(crc >> 8)] ^ table[512 + (byte)(crc >> 16)] ^ table[768 + (byte)(crc >> 24)];
    }

    private static uint[] MakeLaneShift()
    {
        uint[] table = new uint[4 * 256];
        for (int i = 0; i < table.Length; i++)
        {
            uint crc = (uint)(i & 255) << (i >> 8 << 3);
            for (int word = 0; word < LaneWords; word++)
                crc = BitOperations.Crc32C(crc, 0UL);
            table[i] = crc;
        }
        return table;
    }

    private static ulong LittleEndian(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
}

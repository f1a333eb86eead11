using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Lunaria.Volumes.Io;

/// <summary>CRC32C (Castagnoli, RFC 3385 and RFC 7143 13.1: reflected, initial value and final XOR of all ones). Stateless; any thread.</summary>
public static class Crc32C
{
    /// <summary>The checksum of 4096 zero bytes.</summary>
    public const uint ZeroBlock = 0x98F94189;

    /// <summary>The checksum of the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> source) => Append(0, source);

    /// <summary>The checksum of bytes whose checksum is <paramref name="crc"/>, followed by <paramref name="source"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> source)
    {
        crc = ~crc;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(source))
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (byte value in source[(source.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}

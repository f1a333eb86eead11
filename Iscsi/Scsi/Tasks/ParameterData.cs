using System.Buffers.Binary;

namespace Lunaria.Iscsi.Scsi;

/// <summary>Builds parameter data front to back, big-endian. For answers that are not on the hot path.</summary>
internal sealed class ParameterData
{
    private byte[] bytes = new byte[256];

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>What was built.</summary>
    public ReadOnlySpan<byte> Span => bytes.AsSpan(0, Length);

    /// <summary>Adds one byte.</summary>
    public ParameterData Byte(int value)
    {
        Next(1)[0] = (byte)value;
        return this;
    }

    /// <summary>Adds 16 bits.</summary>
    public ParameterData UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Next(2), (ushort)value);
        return this;
    }

    /// <summary>Adds 32 bits.</summary>
    public ParameterData UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Next(4), value);
        return this;
    }

    /// <summary>Adds 64 bits.</summary>
    public ParameterData UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Next(8), value);
        return this;
    }

    /// <summary>Adds bytes.</summary>
    public ParameterData Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Next(value.Length));
        return this;
    }

    /// <summary>Adds zeros.</summary>
    public ParameterData Zeros(int count)
    {
        Next(count);
        return this;
    }

    /// <summary>Puts 8 bits where they were left out.</summary>
    public void PatchByte(int offset, int value) => bytes[offset] = (byte)value;

    /// <summary>Puts 16 bits where they were left out.</summary>
    public void PatchUInt16(int offset, int value) => BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)value);

    /// <summary>Puts 32 bits where they were left out.</summary>
    public void PatchUInt32(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), value);

    private Span<byte> Next(int count)
    {
        int start = Length;
        if (start + count > bytes.Length) Array.Resize(ref bytes, Math.Max(bytes.Length * 2, start + count));
        Length += count;
        return bytes.AsSpan(start, count);
    }
}

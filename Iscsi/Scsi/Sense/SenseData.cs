using System.Buffers.Binary;

namespace Lunaria.Iscsi.Scsi.Sense;

/// <summary>
/// Sense data as a value: key, additional sense code and qualifier, and what goes with them. Made from the names of
/// <see cref="SenseCodes"/>; put into bytes only when the response is built (SPC-4 4.5).
/// </summary>
internal readonly record struct SenseData(SenseKey Key, byte Code, byte Qualifier)
{
    /// <summary>Bytes <see cref="Write"/> may need.</summary>
    public const int MaxLengthBytes = 8 + 12 + 8 + 4;

    private const byte FieldPointerValid = 0x80;

    /// <summary>INFORMATION: an LBA or a byte offset, where <see cref="HasInformation"/>.</summary>
    public ulong Information { get; private init; }

    /// <summary>True where <see cref="Information"/> says something (VALID).</summary>
    public bool HasInformation { get; private init; }

    /// <summary>Sense-key specific byte 0 with SKSV, 0 = none (SPC-4 4.5.2.4).</summary>
    public byte KeySpecific { get; private init; }

    /// <summary>Sense-key specific bytes 1 and 2: the field pointer or the progress indication.</summary>
    public ushort KeySpecificValue { get; private init; }

    /// <summary>The same with an INFORMATION field.</summary>
    public SenseData With(ulong information) => this with { Information = information, HasInformation = true };

    /// <summary>The same pointing at a byte, and with <paramref name="bit"/> 0..7 at a bit, of the CDB (SPC-4 4.5.2.4.2).</summary>
    public SenseData AtCdb(int index, int bit = -1) => this with { KeySpecific = Pointer(0x40, bit), KeySpecificValue = (ushort)index };

    /// <summary>The same pointing at a byte, and with <paramref name="bit"/> at a bit, of the parameter list.</summary>
    public SenseData AtParameter(int index, int bit = -1) => this with { KeySpecific = Pointer(0, bit), KeySpecificValue = (ushort)index };

    /// <summary>The same with a segment pointer of a copy command (SPC-4 4.5.2.4.5).</summary>
    public SenseData AtSegment(int offset) => this with { KeySpecific = FieldPointerValid | 0x20, KeySpecificValue = (ushort)offset };

    /// <summary>The same with a progress indication, in 65,536ths (SPC-4 4.5.2.4.4).</summary>
    public SenseData WithProgress(ushort progress) => this with { KeySpecific = FieldPointerValid, KeySpecificValue = progress };

    /// <summary>Puts fixed format (70h) or descriptor format (72h) and returns its length.</summary>
    public int Write(Span<byte> destination, bool descriptorFormat) =>
        descriptorFormat ? WriteDescriptor(destination) : WriteFixed(destination);

    private static byte Pointer(byte target, int bit) =>
        (byte)(FieldPointerValid | target | (bit < 0 ? 0 : 0x08 | bit));

    private int WriteFixed(Span<byte> destination)
    {
        Span<byte> sense = destination[..18];
        sense.Clear();
        // An INFORMATION value of more than 32 bits has no place here: VALID stays 0 (SPC-4 4.5.3).
        bool fits = HasInformation && Information <= uint.MaxValue;
        sense[0] = (byte)(0x70 | (fits ? 0x80 : 0));
        sense[2] = (byte)Key;
        if (fits) BinaryPrimitives.WriteUInt32BigEndian(sense[3..], (uint)Information);
        sense[7] = 10;
        sense[12] = Code;
        sense[13] = Qualifier;
        sense[15] = KeySpecific;
        BinaryPrimitives.WriteUInt16BigEndian(sense[16..], KeySpecificValue);
        return 18;
    }

    private int WriteDescriptor(Span<byte> destination)
    {
        Span<byte> sense = destination[..MaxLengthBytes];
        sense.Clear();
        sense[0] = 0x72;
        sense[1] = (byte)Key;
        sense[2] = Code;
        sense[3] = Qualifier;
        int length = 8;
        if (HasInformation)
        {
            sense[length + 1] = 0x0A;
            sense[length + 2] = 0x80;
            BinaryPrimitives.WriteUInt64BigEndian(sense[(length + 4)..], Information);
            length += 12;
        }

        if (KeySpecific != 0)
        {
            sense[length] = 0x02;
            sense[length + 1] = 0x06;
            sense[length + 4] = KeySpecific;
            BinaryPrimitives.WriteUInt16BigEndian(sense[(length + 5)..], KeySpecificValue);
            length += 8;
        }

        sense[7] = (byte)(length - 8);
        return length;
    }
}

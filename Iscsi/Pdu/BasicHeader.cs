using System.Buffers.Binary;

namespace Lunaria.Iscsi.Pdu;

/// <summary>
/// The 48-byte basic header segment, fields that all PDUs have at the same place (RFC 7143 11.2.1). A view: it owns nothing and
/// copies nothing. The views of single PDU types in this folder wrap it.
/// </summary>
internal readonly ref struct BasicHeader(Span<byte> bytes)
{
    public const int LengthBytes = 48;
    public const uint ReservedTag = 0xFFFFFFFF;

    public readonly Span<byte> Bytes = bytes;

    public Opcode Opcode { get => (Opcode)(Bytes[0] & 0x3F); set => Bytes[0] = (byte)((Bytes[0] & 0xC0) | (byte)value); }

    /// <summary>I bit: the command is not ordered and takes no CmdSN.</summary>
    public bool Immediate { get => Flag(0, 0x40); set => SetFlag(0, 0x40, value); }

    public bool Final { get => Flag(1, 0x80); set => SetFlag(1, 0x80, value); }

    /// <summary>C bit of text and login PDUs: the text goes on in the next PDU.</summary>
    public bool Continue { get => Flag(1, 0x40); set => SetFlag(1, 0x40, value); }

    /// <summary>All additional header segments, bytes (the wire counts 4-byte words).</summary>
    public int TotalAhsLengthBytes { get => Bytes[4] * 4; set => Bytes[4] = (byte)(value / 4); }

    /// <summary>Data without pad, bytes.</summary>
    public int DataSegmentLengthBytes
    {
        get => (Bytes[5] << 16) | (Bytes[6] << 8) | Bytes[7];
        set
        {
            Bytes[5] = (byte)(value >> 16);
            Bytes[6] = (byte)(value >> 8);
            Bytes[7] = (byte)value;
        }
    }

    /// <summary>LUN field as the eight bytes stand there, big-endian.</summary>
    public ulong Lun
    {
        get => BinaryPrimitives.ReadUInt64BigEndian(Bytes[8..]);
        set => BinaryPrimitives.WriteUInt64BigEndian(Bytes[8..], value);
    }

    public uint InitiatorTaskTag { get => UInt32(16); set => SetUInt32(16, value); }
    public uint TargetTransferTag { get => UInt32(20); set => SetUInt32(20, value); }

    /// <summary>CmdSN in requests, StatSN in responses.</summary>
    public uint CmdSN { get => UInt32(24); set => SetUInt32(24, value); }
    public uint StatSN { get => UInt32(24); set => SetUInt32(24, value); }

    /// <summary>ExpStatSN in requests, ExpCmdSN in responses.</summary>
    public uint ExpStatSN { get => UInt32(28); set => SetUInt32(28, value); }
    public uint ExpCmdSN { get => UInt32(28); set => SetUInt32(28, value); }
    public uint MaxCmdSN { get => UInt32(32); set => SetUInt32(32, value); }

    public bool Flag(int offset, byte mask) => (Bytes[offset] & mask) != 0;

    public void SetFlag(int offset, byte mask, bool value) =>
        Bytes[offset] = (byte)(value ? Bytes[offset] | mask : Bytes[offset] & ~mask);

    public ushort UInt16(int offset) => BinaryPrimitives.ReadUInt16BigEndian(Bytes[offset..]);
    public uint UInt32(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Bytes[offset..]);
    public void SetUInt16(int offset, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Bytes[offset..], value);
    public void SetUInt32(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Bytes[offset..], value);

    /// <summary>Length of a segment with its pad to four bytes.</summary>
    public static int Padded(int lengthBytes) => (lengthBytes + 3) & ~3;
}

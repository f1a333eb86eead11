namespace Lunaria.Iscsi.Pdu;

/// <summary>Login Request (RFC 7143 11.12).</summary>
internal readonly ref struct LoginRequestHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public bool Transit { get => Basic.Flag(1, 0x80); set => Basic.SetFlag(1, 0x80, value); }
    public bool Continue { get => Basic.Continue; set => Basic.SetFlag(1, 0x40, value); }
    public byte CurrentStage { get => (byte)((Basic.Bytes[1] >> 2) & 3); set => Basic.Bytes[1] = (byte)((Basic.Bytes[1] & ~0x0C) | (value << 2)); }
    public byte NextStage { get => (byte)(Basic.Bytes[1] & 3); set => Basic.Bytes[1] = (byte)((Basic.Bytes[1] & ~3) | value); }
    public byte VersionMax { get => Basic.Bytes[2]; set => Basic.Bytes[2] = value; }
    public byte VersionMin { get => Basic.Bytes[3]; set => Basic.Bytes[3] = value; }

    /// <summary>ISID, 48 bits.</summary>
    public ulong Isid { get => Basic.Lun >> 16; set => Basic.Lun = (value << 16) | (Basic.Lun & 0xFFFF); }
    public ushort Tsih { get => Basic.UInt16(14); set => Basic.SetUInt16(14, value); }
    public ushort ConnectionId { get => Basic.UInt16(20); set => Basic.SetUInt16(20, value); }
}

/// <summary>Login Response (RFC 7143 11.13).</summary>
internal readonly ref struct LoginResponseHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public bool Transit { get => Basic.Flag(1, 0x80); set => Basic.SetFlag(1, 0x80, value); }
    public bool Continue { get => Basic.Continue; set => Basic.SetFlag(1, 0x40, value); }
    public byte CurrentStage { get => (byte)((Basic.Bytes[1] >> 2) & 3); set => Basic.Bytes[1] = (byte)((Basic.Bytes[1] & ~0x0C) | (value << 2)); }
    public byte NextStage { get => (byte)(Basic.Bytes[1] & 3); set => Basic.Bytes[1] = (byte)((Basic.Bytes[1] & ~3) | value); }
    public ulong Isid { get => Basic.Lun >> 16; set => Basic.Lun = (value << 16) | (Basic.Lun & 0xFFFF); }
    public ushort Tsih { get => Basic.UInt16(14); set => Basic.SetUInt16(14, value); }

    /// <summary>Status-Class and Status-Detail as one number, e.g. 0x0201.</summary>
    public ushort Status { get => Basic.UInt16(36); set => Basic.SetUInt16(36, value); }
}

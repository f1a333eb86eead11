namespace Lunaria.Iscsi.Pdu;

/// <summary>SCSI Response (RFC 7143 11.4).</summary>
internal readonly ref struct ScsiResponseHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public bool Overflow { get => Basic.Flag(1, 0x04); set => Basic.SetFlag(1, 0x04, value); }
    public bool Underflow { get => Basic.Flag(1, 0x02); set => Basic.SetFlag(1, 0x02, value); }

    /// <summary>0 = command completed at target, 1 = target failure (11.4.3).</summary>
    public byte Response { get => Basic.Bytes[2]; set => Basic.Bytes[2] = value; }
    public byte Status { get => Basic.Bytes[3]; set => Basic.Bytes[3] = value; }

    /// <summary>Status Qualifier (RFC 7144 5.2): for BUSY and TASK SET FULL when to try again, in units of 100 ms (SAM-5 5.3.2).</summary>
    public ushort StatusQualifier { get => Basic.UInt16(8); set => Basic.SetUInt16(8, value); }

    /// <summary>Tag of the R-Data SNACK that asked for the data anew (11.4.4).</summary>
    public uint SnackTag { get => Basic.UInt32(20); set => Basic.SetUInt32(20, value); }
    public uint ExpDataSN { get => Basic.UInt32(36); set => Basic.SetUInt32(36, value); }
    public uint ResidualCount { get => Basic.UInt32(44); set => Basic.SetUInt32(44, value); }
}

/// <summary>SCSI Data-In (RFC 7143 11.7).</summary>
internal readonly ref struct DataInHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public bool Overflow { get => Basic.Flag(1, 0x04); set => Basic.SetFlag(1, 0x04, value); }
    public bool Underflow { get => Basic.Flag(1, 0x02); set => Basic.SetFlag(1, 0x02, value); }

    /// <summary>A bit: the initiator is to acknowledge what it has up to here (DataACK, 11.7.2).</summary>
    public bool Acknowledge { get => Basic.Flag(1, 0x40); set => Basic.SetFlag(1, 0x40, value); }

    /// <summary>S bit: status, StatSN and residual are valid.</summary>
    public bool HasStatus { get => Basic.Flag(1, 0x01); set => Basic.SetFlag(1, 0x01, value); }
    public byte Status { get => Basic.Bytes[3]; set => Basic.Bytes[3] = value; }
    public uint DataSN { get => Basic.UInt32(36); set => Basic.SetUInt32(36, value); }
    public uint BufferOffset { get => Basic.UInt32(40); set => Basic.SetUInt32(40, value); }
    public uint ResidualCount { get => Basic.UInt32(44); set => Basic.SetUInt32(44, value); }
}

/// <summary>Ready To Transfer (RFC 7143 11.8).</summary>
internal readonly ref struct ReadyToTransferHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public uint R2TSN { get => Basic.UInt32(36); set => Basic.SetUInt32(36, value); }
    public uint BufferOffset { get => Basic.UInt32(40); set => Basic.SetUInt32(40, value); }
    public uint DesiredLength { get => Basic.UInt32(44); set => Basic.SetUInt32(44, value); }
}

/// <summary>Logout Response (RFC 7143 11.15), Task Management Response (11.6) and Reject (11.17): one code in byte 2.</summary>
internal readonly ref struct CodeResponseHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public byte Code { get => Basic.Bytes[2]; set => Basic.Bytes[2] = value; }

    /// <summary>Reject only: DataSN or R2TSN that the target would send next (11.17.3).</summary>
    public uint NextSequenceNumber { get => Basic.UInt32(36); set => Basic.SetUInt32(36, value); }

    /// <summary>Logout Response only: seconds (11.15.3).</summary>
    public ushort Time2Wait { get => Basic.UInt16(40); set => Basic.SetUInt16(40, value); }
    public ushort Time2Retain { get => Basic.UInt16(42); set => Basic.SetUInt16(42, value); }
}

/// <summary>Asynchronous Message (RFC 7143 11.9).</summary>
internal readonly ref struct AsyncMessageHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public AsyncEvent Event { get => (AsyncEvent)Basic.Bytes[36]; set => Basic.Bytes[36] = (byte)value; }
    public ushort Parameter1 { get => Basic.UInt16(38); set => Basic.SetUInt16(38, value); }
    public ushort Parameter2 { get => Basic.UInt16(40); set => Basic.SetUInt16(40, value); }
    public ushort Parameter3 { get => Basic.UInt16(42); set => Basic.SetUInt16(42, value); }
}

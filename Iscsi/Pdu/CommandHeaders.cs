namespace Lunaria.Iscsi.Pdu;

/// <summary>SCSI Command (RFC 7143 11.3).</summary>
internal readonly ref struct ScsiCommandHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public bool Final { get => Basic.Final; set => Basic.SetFlag(1, 0x80, value); }
    public bool Read { get => Basic.Flag(1, 0x40); set => Basic.SetFlag(1, 0x40, value); }
    public bool Write { get => Basic.Flag(1, 0x20); set => Basic.SetFlag(1, 0x20, value); }

    /// <summary>ATTR field, three bits (11.3.1).</summary>
    public byte Attribute { get => (byte)(Basic.Bytes[1] & 7); set => Basic.Bytes[1] = (byte)((Basic.Bytes[1] & ~7) | value); }

    /// <summary>PRI field, four bits: 1 is the most urgent, 15 the least, 0 says nothing (RFC 7144, SAM-5 8.7).</summary>
    public byte Priority { get => (byte)(Basic.Bytes[2] >> 4); set => Basic.Bytes[2] = (byte)(value << 4); }

    public uint ExpectedDataTransferLength { get => Basic.UInt32(20); set => Basic.SetUInt32(20, value); }
    public Span<byte> Cdb => Basic.Bytes.Slice(32, 16);
}

/// <summary>SCSI Data-Out (RFC 7143 11.7).</summary>
internal readonly ref struct DataOutHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public uint DataSN { get => Basic.UInt32(36); set => Basic.SetUInt32(36, value); }
    public uint BufferOffset { get => Basic.UInt32(40); set => Basic.SetUInt32(40, value); }
}

/// <summary>Task Management Function Request (RFC 7143 11.5).</summary>
internal readonly ref struct TaskManagementRequestHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public TaskManagementFunction Function
    {
        get => (TaskManagementFunction)(Basic.Bytes[1] & 0x7F);
        set => Basic.Bytes[1] = (byte)(0x80 | (byte)value);
    }

    public uint ReferencedTaskTag { get => Basic.UInt32(20); set => Basic.SetUInt32(20, value); }
    public uint RefCmdSN { get => Basic.UInt32(32); set => Basic.SetUInt32(32, value); }

    /// <summary>TASK REASSIGN: Data-In PDUs before this one have arrived.</summary>
    public uint ExpDataSN { get => Basic.UInt32(36); set => Basic.SetUInt32(36, value); }
}

/// <summary>Logout Request (RFC 7143 11.14).</summary>
internal readonly ref struct LogoutRequestHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public LogoutReason Reason
    {
        get => (LogoutReason)(Basic.Bytes[1] & 0x7F);
        set => Basic.Bytes[1] = (byte)(0x80 | (byte)value);
    }

    public ushort ConnectionId { get => Basic.UInt16(20); set => Basic.SetUInt16(20, value); }
}

/// <summary>SNACK Request (RFC 7143 11.16).</summary>
internal readonly ref struct SnackHeader(Span<byte> bytes)
{
    public readonly BasicHeader Basic = new(bytes);

    public SnackType Type { get => (SnackType)(Basic.Bytes[1] & 0x0F); set => Basic.Bytes[1] = (byte)(0x80 | (byte)value); }

    /// <summary>First DataSN, R2TSN or StatSN that is asked for, and how many; 0 = all from there on.</summary>
    public uint BegRun { get => Basic.UInt32(40); set => Basic.SetUInt32(40, value); }
    public uint RunLength { get => Basic.UInt32(44); set => Basic.SetUInt32(44, value); }
}

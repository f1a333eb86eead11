using System.Buffers.Binary;
using Lunaria.Iscsi.Pdu;

namespace Lunaria.Testing;

/// <summary>The outcome of a command.</summary>
internal sealed record CommandResult(byte Status, byte[] Data, byte[] Sense, bool Overflow, bool Underflow, uint Residual)
{
    /// <summary>Sense key, ASC and ASCQ of fixed format sense, e.g. 0x062900; 0 = none.</summary>
    public int SenseCode => Sense.Length < 14 ? 0 : (Sense[2] << 16) | (Sense[12] << 8) | Sense[13];
}

/// <summary>SCSI commands of the <see cref="ScriptedInitiator"/>.</summary>
internal static class ScriptedInitiatorCommands
{
    public const int BlockBytes = 512;

    public static byte[] Cdb16(byte opcode, long lba, int blocks)
    {
        byte[] cdb = new byte[16];
        cdb[0] = opcode;
        BinaryPrimitives.WriteInt64BigEndian(cdb.AsSpan(2), lba);
        BinaryPrimitives.WriteInt32BigEndian(cdb.AsSpan(10), blocks);
        return cdb;
    }

    /// <summary>The header of a SCSI Command.</summary>
    public static byte[] CommandHeader(
        this ScriptedInitiator initiator, byte[] cdb, int expectedLength = 0, bool read = false, bool write = false, int lun = 0, bool final = true)
    {
        byte[] bytes = initiator.NewHeader(Opcode.ScsiCommand);
        ScsiCommandHeader header = new(bytes)
        {
            Final = final,
            Read = read,
            Write = write,
            Attribute = 1,
            ExpectedDataTransferLength = (uint)expectedLength,
        };
        header.Basic.Lun = (ulong)lun << 48;
        cdb.CopyTo(header.Cdb);
        return bytes;
    }

    /// <summary>Clears the unit attention of a new session.</summary>
    public static void ClearUnitAttention(this ScriptedInitiator initiator, int lun = 0)
    {
        for (int i = 0; i < 4; i++)
        {
            initiator.Send(initiator.CommandHeader(new byte[16], lun: lun));
            if (initiator.ReceiveResult().Status == 0) return;
        }
        throw new InvalidOperationException("TEST UNIT READY does not succeed.");
    }

    public static CommandResult Read(this ScriptedInitiator initiator, long lba, int blocks, int lun = 0, int? expectedLength = null)
    {
        initiator.Send(initiator.CommandHeader(Cdb16(0x88, lba, blocks), expectedLength ?? blocks * BlockBytes, read: true, lun: lun));
        return initiator.ReceiveResult();
    }

    /// <summary>
    /// Writes in a style: <paramref name="immediate"/> bytes with the command, <paramref name="unsolicited"/> bytes after it, the rest as
    /// R2Ts ask for it, in PDUs of <paramref name="segment"/> bytes.
    /// </summary>
    public static CommandResult Write(
        this ScriptedInitiator initiator, long lba, ReadOnlyMemory<byte> data, int immediate = int.MaxValue, int unsolicited = 0, int segment = 8192,
        int lun = 0, byte opcode = 0x8A, byte flags = 0)
    {
        immediate = Math.Min(immediate, data.Length);
        unsolicited = Math.Min(unsolicited, data.Length - immediate);
        byte[] cdb = Cdb16(opcode, lba, data.Length / BlockBytes);
        cdb[1] = flags;
        byte[] header = initiator.CommandHeader(cdb, data.Length, write: true, lun: lun, final: unsolicited == 0);
        uint tag = new BasicHeader(header).InitiatorTaskTag;
        initiator.Send(header, data.Span[..immediate]);
        if (unsolicited > 0) initiator.SendDataOut(tag, BasicHeader.ReservedTag, data, immediate, unsolicited, segment, lun);
        return initiator.ReceiveResult(data, segment, lun);
    }

    /// <summary>Logs out and returns what the target answers.</summary>
    public static LogoutResponse Logout(this ScriptedInitiator initiator, LogoutReason reason, ushort connectionId)
    {
        byte[] bytes = initiator.NewHeader(Opcode.LogoutRequest, immediate: true);
        LogoutRequestHeader header = new(bytes) { Reason = reason, ConnectionId = connectionId };
        initiator.Send(header.Basic.Bytes.ToArray());
        return (LogoutResponse)new CodeResponseHeader(initiator.Receive(Opcode.LogoutResponse).Header).Code;
    }

    /// <summary>Sends a task management function as immediate request and returns the answer.</summary>
    public static TaskManagementResponse Manage(
        this ScriptedInitiator initiator, TaskManagementFunction function, uint referencedTag = BasicHeader.ReservedTag, uint expDataSN = 0, int lun = 0)
    {
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader header = new(bytes) { Function = function, ReferencedTaskTag = referencedTag };
        header.Basic.Lun = (ulong)lun << 48;
        header.Basic.SetUInt32(36, expDataSN);
        initiator.Send(bytes);
        return (TaskManagementResponse)new CodeResponseHeader(initiator.Receive(Opcode.TaskManagementResponse).Header).Code;
    }

    /// <summary>One burst of Data-Out PDUs.</summary>
    public static void SendDataOut(
        this ScriptedInitiator initiator, uint tag, uint transferTag, ReadOnlyMemory<byte> data, int offset, int length, int segment, int lun = 0)
    {
        uint dataSN = 0;
        int end = offset + length;
        while (offset < end)
        {
            int part = Math.Min(segment, end - offset);
            initiator.Send(initiator.DataOutHeader(tag, transferTag, offset, dataSN++, final: offset + part == end, lun), data.Span.Slice(offset, part));
            offset += part;
        }
    }

    public static byte[] DataOutHeader(
        this ScriptedInitiator initiator, uint tag, uint transferTag, int offset, uint dataSN, bool final, int lun = 0)
    {
        byte[] bytes = new byte[BasicHeader.LengthBytes];
        DataOutHeader header = new(bytes) { DataSN = dataSN, BufferOffset = (uint)offset };
        BasicHeader basic = header.Basic;
        basic.Opcode = Opcode.DataOut;
        basic.Final = final;
        basic.Lun = (ulong)lun << 48;
        basic.InitiatorTaskTag = tag;
        basic.TargetTransferTag = transferTag;
        basic.ExpStatSN = initiator.ExpStatSN;
        return bytes;
    }

    /// <summary>Receives Data-In, answers R2Ts from <paramref name="data"/>, returns at the status. Checks offsets and sequence numbers.</summary>
    public static CommandResult ReceiveResult(this ScriptedInitiator initiator, ReadOnlyMemory<byte> data = default, int segment = 8192, int lun = 0)
    {
        List<byte> received = [];
        uint dataSN = 0, r2tsn = 0;
        while (true)
        {
            ReceivedPdu pdu = initiator.TryReceive() ?? throw new InvalidOperationException("The target closed the connection before the status.");
            switch (pdu.Opcode)
            {
                case Opcode.DataIn:
                    DataInHeader dataIn = new(pdu.Header);
                    if (dataIn.DataSN != dataSN++ || dataIn.BufferOffset != received.Count)
                        throw new InvalidDataException($"Data-In out of sequence: {Convert.ToHexString(pdu.Header)}");
                    received.AddRange(pdu.Data);
                    if (dataIn.HasStatus) return new(dataIn.Status, [.. received], [], dataIn.Overflow, dataIn.Underflow, dataIn.ResidualCount);
                    break;
                case Opcode.ReadyToTransfer:
                    ReadyToTransferHeader r2t = new(pdu.Header);
                    if (r2t.R2TSN != r2tsn++) throw new InvalidDataException($"R2T out of sequence: {Convert.ToHexString(pdu.Header)}");
                    initiator.SendDataOut(pdu.Basic.InitiatorTaskTag, pdu.Basic.TargetTransferTag, data, (int)r2t.BufferOffset, (int)r2t.DesiredLength, segment, lun);
                    break;
                case Opcode.ScsiResponse:
                    ScsiResponseHeader response = new(pdu.Header);
                    byte[] sense = pdu.Data.Length > 2 ? pdu.Data[2..] : [];
                    return new(response.Status, [.. received], sense, response.Overflow, response.Underflow, response.ResidualCount);
                case Opcode.NopIn when pdu.Basic.TargetTransferTag == BasicHeader.ReservedTag:
                    break;
                default:
                    throw new InvalidDataException($"{pdu.Opcode} came in the middle of a command: {Convert.ToHexString(pdu.Header)}");
            }
        }
    }
}

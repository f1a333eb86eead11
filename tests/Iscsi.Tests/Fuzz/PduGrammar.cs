using System.Buffers.Binary;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Fuzz;

/// <summary>Makes PDUs of every type with fields that are mostly right and sometimes at or beyond their limits.</summary>
internal sealed class PduGrammar(ScriptedInitiator initiator, Random random)
{
    private static readonly byte[] OperationCodes =
    [
        0x00, 0x03, 0x08, 0x0A, 0x12, 0x15, 0x1A, 0x1B, 0x1E, 0x25, 0x28, 0x2A, 0x2E, 0x2F, 0x34, 0x35, 0x37, 0x41, 0x42, 0x4D, 0x55, 0x5A, 0x5E, 0x5F,
        0x7F, 0x83, 0x84, 0x88, 0x89, 0x8A, 0x8B, 0x8E, 0x8F, 0x90, 0x91, 0x93, 0x9C, 0x9E, 0xA0, 0xA3, 0xA4, 0xA8, 0xAA, 0xB7,
    ];

    private static readonly Opcode[] Opcodes =
    [
        Opcode.ScsiCommand, Opcode.ScsiCommand, Opcode.ScsiCommand, Opcode.ScsiCommand, Opcode.DataOut, Opcode.DataOut, Opcode.NopOut,
        Opcode.TaskManagementRequest, Opcode.TextRequest, Opcode.SnackRequest, Opcode.SnackRequest, Opcode.LogoutRequest, Opcode.LoginRequest,
    ];

    private static readonly string[] Keys = ["SendTargets", "MaxRecvDataSegmentLength", "HeaderDigest", "X-other", "InitiatorAlias", "MaxConnections"];
    private static readonly string[] Values = ["All", "", "512", "65536", "0", "-1", "99999999999999999999", "CRC32C,None", "Yes", "0x200", "\u20ac"];

    /// <summary>One PDU as it goes over the wire.</summary>
    public byte[] Next()
    {
        Opcode opcode = random.Next(60) == 0 ? (Opcode)random.Next(64) : Opcodes[random.Next(Opcodes.Length)];
        if (opcode == Opcode.LoginRequest && random.Next(8) > 0) opcode = Opcode.ScsiCommand;
        if (opcode == Opcode.LogoutRequest && random.Next(8) > 0) opcode = Opcode.NopOut;
        byte[] header = initiator.NewHeader(opcode, immediate: random.Next(4) == 0);
        byte[] data = [];
        switch (opcode)
        {
            case Opcode.ScsiCommand:
                data = Command(header);
                break;
            case Opcode.DataOut:
                data = new byte[Pick(0, 512, 4096, random.Next(9000))];
                DataOutHeader dataOut = new(header) { DataSN = Small(), BufferOffset = (uint)(random.Next(20) * 512) };
                dataOut.Basic.InitiatorTaskTag = RecentTag();
                dataOut.Basic.TargetTransferTag = Pick(BasicHeader.ReservedTag, Small(), 1u);
                dataOut.Basic.Final = random.Next(3) > 0;
                break;
            case Opcode.TaskManagementRequest:
                TaskManagementRequestHeader function = new(header) { Function = (TaskManagementFunction)random.Next(14), ReferencedTaskTag = RecentTag() };
                function.RefCmdSN = initiator.CmdSN - Small();
                function.ExpDataSN = Small();
                break;
            case Opcode.TextRequest or Opcode.LoginRequest:
                BasicHeader text = new(header) { TargetTransferTag = Pick(BasicHeader.ReservedTag, Small()), Continue = random.Next(10) == 0 };
                text.Final = random.Next(5) > 0;
                data = ScriptedInitiatorLogin.Text((Keys[random.Next(Keys.Length)], Values[random.Next(Values.Length)]));
                break;
            case Opcode.SnackRequest:
                SnackHeader snack = new(header) { Type = (SnackType)random.Next(6), BegRun = Pick(0u, Small(), initiator.ExpStatSN), RunLength = Pick(0u, 1u, Small()) };
                snack.Basic.InitiatorTaskTag = Pick(RecentTag(), BasicHeader.ReservedTag);
                snack.Basic.TargetTransferTag = Pick(BasicHeader.ReservedTag, Small());
                break;
            case Opcode.LogoutRequest:
                LogoutRequestHeader logout = new(header) { Reason = (LogoutReason)random.Next(4), ConnectionId = (ushort)random.Next(4) };
                logout.Basic.Immediate = true;
                break;
            default:
                if (random.Next(4) == 0) data = new byte[random.Next(600)];
                break;
        }
        return Wire(header, data);
    }

    private byte[] Command(byte[] header)
    {
        bool write = random.Next(2) == 0;
        ScsiCommandHeader command = new(header)
        {
            Read = random.Next(20) == 0 ? write : !write,
            Write = write,
            Final = random.Next(6) > 0,
            Attribute = (byte)(random.Next(4) > 0 ? 1 : random.Next(8)),
        };
        int blocks = Pick(0, 1, 8, 16, random.Next(300));
        command.ExpectedDataTransferLength = (uint)Pick(blocks * 512, blocks * 512, blocks * 512, random.Next(100_000), int.MaxValue);
        command.Basic.Lun = random.Next(12) == 0 ? (ulong)random.NextInt64() : 0;
        Span<byte> cdb = command.Cdb;
        cdb[0] = random.Next(2) == 0 ? (write ? (byte)0x8A : (byte)0x88) : OperationCodes[random.Next(OperationCodes.Length)];
        if (random.Next(4) == 0) random.NextBytes(cdb[1..]);
        BinaryPrimitives.WriteInt64BigEndian(cdb[2..], random.Next(20_000));
        BinaryPrimitives.WriteInt32BigEndian(cdb[10..], blocks);
        return write && random.Next(3) > 0 ? new byte[Math.Min(blocks * 512, Pick(512, 4096, 8192))] : [];
    }

    /// <summary>Puts the numbers of the session, mostly, and rarely a length, a digest or a segment that is wrong.</summary>
    private byte[] Wire(byte[] header, byte[] data)
    {
        BasicHeader basic = new(header);
        if (random.Next(15) == 0)
        {
            // A number that is not used is needed again, or everything behind it waits.
            if (!basic.Immediate) initiator.CmdSN--;
            basic.CmdSN = Pick(initiator.CmdSN - 1, initiator.CmdSN + 1, initiator.CmdSN + 100, (uint)random.Next());
        }
        basic.ExpStatSN = random.Next(12) == 0 ? (uint)random.Next() : initiator.ExpStatSN;
        basic.DataSegmentLengthBytes = data.Length;
        if (random.Next(25) == 0 && basic.Opcode == Opcode.ScsiCommand)
        {
            byte[] segments = new byte[4 * random.Next(1, 8)];
            random.NextBytes(segments);
            segments[0] = 0;
            basic.TotalAhsLengthBytes = segments.Length;
            header = [.. header, .. segments];
        }
        if (random.Next(300) == 0) new BasicHeader(header.AsSpan(0, 48)).DataSegmentLengthBytes = random.Next(1 << 24);
        (initiator.SpoilHeaderDigest, initiator.SpoilDataDigest) = (random.Next(100) == 0, random.Next(60) == 0);
        return initiator.Frame(header, data);
    }

    private uint RecentTag() => Pick(initiator.NextTag - 1 - Small(), initiator.NextTag - 2, BasicHeader.ReservedTag);

    private uint Small() => (uint)random.Next(5);

    private T Pick<T>(params ReadOnlySpan<T> values) => values[random.Next(values.Length)];
}

using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Unh;

/// <summary>What an initiator sends to recover from errors.</summary>
internal static class RecoveryRequests
{
    internal static uint BeginWrite(ScriptedInitiator initiator, byte[] data, out ReadyToTransferHeader r2t)
    {
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, data.Length / 512), data.Length, write: true);
        initiator.Send(command);
        r2t = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        return new BasicHeader(command).InitiatorTaskTag;
    }

    internal static byte[] Reassign(ScriptedInitiator initiator, uint tag)
    {
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader header = new(bytes) { Function = TaskManagementFunction.TaskReassign, ReferencedTaskTag = tag };
        return header.Basic.Bytes.ToArray();
    }

    internal static CommandResult Failing(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.CommandHeader([0xFF, .. new byte[15]]));
        return initiator.ReceiveResult();
    }

    internal static void Snack(ScriptedInitiator initiator, SnackType type, uint tag, uint first, uint run, uint transferTag = BasicHeader.ReservedTag)
    {
        byte[] bytes = new byte[BasicHeader.LengthBytes];
        SnackHeader header = new(bytes) { Type = type, BegRun = first, RunLength = run };
        BasicHeader basic = header.Basic;
        basic.Opcode = Opcode.SnackRequest;
        basic.InitiatorTaskTag = tag;
        basic.TargetTransferTag = transferTag;
        basic.ExpStatSN = initiator.ExpStatSN;
        initiator.Send(bytes);
    }

    internal static byte[] Pattern(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }
}

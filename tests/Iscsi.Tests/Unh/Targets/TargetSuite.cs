using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>
/// What the tests by the numbers of the UNH-IOL "Full Feature Phase Test Suite for iSCSI Targets", version 0.1, have in common. The suite was written for draft 20; where
/// RFC 7143 says otherwise, the test says so and holds the RFC.
/// </summary>
internal static class TargetSuite
{
    /// <summary>No data but what R2Ts ask for, and short segments: what most of its tests negotiate.</summary>
    public static readonly (string, string)[] Solicited = [("ImmediateData", "No"), ("InitialR2T", "Yes"), ("MaxRecvDataSegmentLength", "1024")];

    public static readonly (string, string) Level1 = ("ErrorRecoveryLevel", "1"), Level2 = ("ErrorRecoveryLevel", "2"), Many = ("MaxConnections", "4");

    public static uint Tag(byte[] header) => new BasicHeader(header).InitiatorTaskTag;

    public static byte[] WriteHeader(ScriptedInitiator initiator, int bytes, bool final = true) =>
        initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, bytes / 512), bytes, write: true, final: final);

    public static byte[] ReadHeader(ScriptedInitiator initiator, int bytes) => initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, bytes / 512), bytes, read: true);

    /// <summary>Begins a write without data and receives its first R2T.</summary>
    public static (uint Tag, ReceivedPdu R2T) BeginWrite(ScriptedInitiator initiator, int bytes)
    {
        byte[] write = WriteHeader(initiator, bytes);
        initiator.Send(write);
        return (Tag(write), initiator.Receive(Opcode.ReadyToTransfer));
    }

    public static RejectReason ReceiveReject(ScriptedInitiator initiator, byte[] rejected)
    {
        ReceivedPdu reject = initiator.Receive(Opcode.Reject);
        Assert.AreEqual(BasicHeader.ReservedTag, reject.Basic.InitiatorTaskTag);
        Assert.IsTrue(reject.Data.AsSpan().SequenceEqual(rejected), "a Reject carries the header it is about");
        return (RejectReason)new CodeResponseHeader(reject.Header).Code;
    }

    /// <summary>Sends a Text Request, and returns its header.</summary>
    public static byte[] SendText(
        ScriptedInitiator initiator, bool final, uint transferTag, uint? taskTag, bool continues, params ReadOnlySpan<(string Key, string Value)> keys) =>
        SendText(initiator, final, transferTag, taskTag, continues, ScriptedInitiatorLogin.Text(keys));

    public static byte[] SendText(ScriptedInitiator initiator, bool final, uint transferTag, uint? taskTag, bool continues, ReadOnlySpan<byte> text)
    {
        byte[] bytes = initiator.NewHeader(Opcode.TextRequest);
        BasicHeader header = new(bytes) { Final = final, Continue = continues, TargetTransferTag = transferTag };
        if (taskTag is uint tag) header.InitiatorTaskTag = tag;
        initiator.Send(bytes, text);
        return bytes;
    }

    /// <summary>A Text Request that begins a sequence, and its answer.</summary>
    public static ReceivedPdu Text(ScriptedInitiator initiator, bool final, params ReadOnlySpan<(string Key, string Value)> keys)
    {
        byte[] request = SendText(initiator, final, BasicHeader.ReservedTag, null, continues: false, keys);
        ReceivedPdu response = initiator.Receive(Opcode.TextResponse);
        Assert.AreEqual(Tag(request), response.Basic.InitiatorTaskTag);
        return response;
    }

    /// <summary>The longest Data-In segment of a read of 4096 bytes.</summary>
    public static int LongestSegment(ScriptedInitiator initiator)
    {
        initiator.Send(ReadHeader(initiator, 4096));
        int longest = 0;
        ReceivedPdu pdu;
        do
        {
            pdu = initiator.Receive(Opcode.DataIn);
            longest = Math.Max(longest, pdu.Data.Length);
        }
        while (!new DataInHeader(pdu.Header).HasStatus);
        return longest;
    }
}

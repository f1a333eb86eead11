using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.RecoveryRequests;
using static Lunaria.Iscsi.Tests.Unh.Targets.TargetSuite;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>Groups 12 and 14 of the suite: SNACK and Reject (RFC 7143 11.16, 11.17).</summary>
[TestClass]
public class SnackAndRejectTests
{
    [TestMethod]
    public async Task FFP_TARGETS_12_1_An_R2T_that_is_asked_for_again_comes_as_it_was_with_the_numbers_of_now()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, Level1]);
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
        initiator.Send(initiator.NewHeader(Opcode.NopOut));
        initiator.Receive(Opcode.NopIn);
        Snack(initiator, SnackType.DataOrR2T, tag, 0, 1);
        ReceivedPdu again = initiator.Receive(Opcode.ReadyToTransfer);
        Assert.AreEqual(r2t.Basic.StatSN + 1, again.Basic.StatSN);
        Assert.AreEqual(r2t.Basic.ExpCmdSN + 1, again.Basic.ExpCmdSN);
        Assert.IsTrue(r2t.Header.AsSpan(0, 24).SequenceEqual(again.Header.AsSpan(0, 24)) && r2t.Header.AsSpan(36).SequenceEqual(again.Header.AsSpan(36)));
    }

    [TestMethod]
    [DataRow(1u, 1u, 1, DisplayName = "12.2 one PDU")]
    [DataRow(0u, 0u, 4, DisplayName = "12.3 all of them")]
    public async Task FFP_TARGETS_12_2_and_12_3_Data_In_that_is_asked_for_again_comes_as_it_was_with_the_numbers_of_now(uint first, uint count, int expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        new Random(2).NextBytes(server.Medium.Bytes[..4096]);
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, Level1]);
        byte[] read = ReadHeader(initiator, 4096);
        uint before = initiator.ExpStatSN;
        initiator.Send(read);
        ReceivedPdu[] data = [.. Enumerable.Range(0, 4).Select(_ => initiator.Receive(Opcode.DataIn))];
        initiator.Receive(Opcode.ScsiResponse);
        initiator.ExpStatSN = before;
        initiator.Send(initiator.NewHeader(Opcode.NopOut));
        initiator.Receive(Opcode.NopIn);
        initiator.ExpStatSN = before;
        Snack(initiator, SnackType.DataOrR2T, Tag(read), first, count);
        for (int i = 0; i < expected; i++)
        {
            ReceivedPdu again = initiator.Receive(Opcode.DataIn), original = data[(int)first + i];
            Assert.AreEqual(original.Basic.ExpCmdSN + 1, again.Basic.ExpCmdSN);
            Assert.IsTrue(original.Header.AsSpan(0, 28).SequenceEqual(again.Header.AsSpan(0, 28)) && original.Header.AsSpan(36).SequenceEqual(again.Header.AsSpan(36)));
            Assert.IsTrue(original.Data.AsSpan().SequenceEqual(again.Data));
        }
    }

    [TestMethod]
    public async Task FFP_TARGETS_12_4_A_SNACK_for_what_was_never_sent_is_a_protocol_error_that_names_the_next_number()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, Level1]);
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
        Snack(initiator, SnackType.DataOrR2T, tag, 255, 1);
        CodeResponseHeader reject = new(initiator.Receive(Opcode.Reject).Header);
        Assert.AreEqual(((byte)RejectReason.ProtocolError, 1u), (reject.Code, reject.NextSequenceNumber));
        initiator.SendDataOut(tag, r2t.Basic.TargetTransferTag, new byte[1024], 0, 1024, 1024);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        uint before = initiator.ExpStatSN;
        byte[] read = ReadHeader(initiator, 2048);
        initiator.Send(read);
        Assert.AreEqual(2048, initiator.ReceiveResult().Data.Length);
        initiator.ExpStatSN = before;
        Snack(initiator, SnackType.DataOrR2T, Tag(read), 2, 1);
        reject = new(initiator.Receive(Opcode.Reject).Header);
        Assert.AreEqual(((byte)RejectReason.ProtocolError, 2u), (reject.Code, reject.NextSequenceNumber));
        foreach ((SnackType type, uint task) in new[] { (SnackType.Status, BasicHeader.ReservedTag), (SnackType.ReplacedData, 0x12345u), (SnackType.DataOrR2T, 0x12345u) })
        {
            Snack(initiator, type, task, type == SnackType.Status ? 5000u : 0, type == SnackType.Status ? 1u : 0, transferTag: 1);
            Assert.AreEqual((byte)RejectReason.ProtocolError, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        }
    }

    [TestMethod]
    public async Task FFP_TARGETS_14_1_Data_for_a_task_that_is_not_there_does_no_harm()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
        uint statSN = initiator.ExpStatSN, transfer = r2t.Basic.TargetTransferTag;
        initiator.Send(initiator.DataOutHeader(tag + 1000, transfer, 0, 0, final: false), Enumerable.Repeat((byte)1, 512).ToArray());
        // A Reject is not due, and none comes.
        TaskManagementTests.Ping(initiator);
        initiator.SendDataOut(tag, transfer, Enumerable.Repeat((byte)2, 1024).ToArray(), 0, 1024, 512);
        ReceivedPdu response = initiator.Receive(Opcode.ScsiResponse);
        Assert.AreEqual(statSN + 1, response.Basic.StatSN);
        Assert.AreEqual(0, new ScsiResponseHeader(response.Header).Status);
        Assert.AreEqual(2, server.Medium.Bytes[0]);
    }

    [TestMethod]
    public async Task FFP_TARGETS_14_2_A_DataACK_with_a_task_tag_is_rejected_and_the_numbers_go_on()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, Level1, ("MaxBurstLength", "2048"), ("FirstBurstLength", "2048")]);
        byte[] read = ReadHeader(initiator, 4096);
        initiator.Send(read);
        initiator.Receive(Opcode.DataIn);
        DataInHeader asks = new(initiator.Receive(Opcode.DataIn).Header);
        Assert.IsTrue(asks.Acknowledge);
        for (int i = 0; i < 2; i++) initiator.Receive(Opcode.DataIn);
        uint statSN = initiator.Receive(Opcode.ScsiResponse).Basic.StatSN;
        initiator.ExpStatSN = statSN;
        Snack(initiator, SnackType.DataAck, Tag(read), 2, 0, asks.Basic.TargetTransferTag);
        ReceivedPdu reject = initiator.Receive(Opcode.Reject);
        Assert.AreEqual((byte)RejectReason.InvalidDataAck, new CodeResponseHeader(reject.Header).Code);
        Assert.AreEqual((statSN + 1, initiator.CmdSN), (reject.Basic.StatSN, reject.Basic.ExpCmdSN));
    }

    [TestMethod]
    public async Task FFP_TARGETS_14_3_Without_recovery_a_SNACK_is_rejected()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
        uint statSN = initiator.ExpStatSN;
        Snack(initiator, SnackType.DataOrR2T, tag, 0, 1);
        ReceivedPdu reject = initiator.Receive(Opcode.Reject);
        Assert.AreEqual((byte)RejectReason.SnackReject, new CodeResponseHeader(reject.Header).Code);
        Assert.AreEqual((statSN, r2t.Basic.ExpCmdSN), (reject.Basic.StatSN, reject.Basic.ExpCmdSN));
        Assert.AreEqual(BasicHeader.LengthBytes, reject.Data.Length);
    }
}

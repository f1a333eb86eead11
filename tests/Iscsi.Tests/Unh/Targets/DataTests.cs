using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.Targets.TargetSuite;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>Groups 7 to 10, 18 and 19 of the suite: Data-In, Data-Out, R2T and digests (RFC 7143 4.2.5.2, 11.7, 11.8).</summary>
[TestClass]
public class DataTests
{
    [TestMethod]
    [DataRow("0")]
    [DataRow("1")]
    public async Task FFP_TARGETS_7_1_More_data_than_an_R2T_asks_for_fails_the_command(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, ("ErrorRecoveryLevel", level)]);
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
        initiator.SendDataOut(tag, r2t.Basic.TargetTransferTag, new byte[2048], 0, 2048, 2048);
        Assert.AreEqual(0x0B0C0D, initiator.ReceiveResult().SenseCode);
        Assert.AreEqual(0, initiator.Write(0, new byte[512], immediate: 0).Status);
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("1")]
    public async Task FFP_TARGETS_7_2_More_unsolicited_data_than_the_first_burst_fails_the_command(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", "No"), ("InitialR2T", "No"), ("FirstBurstLength", "512"), ("ErrorRecoveryLevel", level));
        byte[] write = WriteHeader(initiator, 2048, final: false);
        initiator.Send(write);
        initiator.SendDataOut(Tag(write), BasicHeader.ReservedTag, new byte[1024], 0, 1024, 1024);
        Assert.AreEqual(0x0B0C0D, initiator.ReceiveResult().SenseCode);
    }

    [TestMethod]
    public async Task FFP_TARGETS_8_1_An_R2T_has_a_tag_and_the_LUN_of_its_command()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Target.Luns.Add(3, new LogicalUnit(server.Medium, new() { Identity = Guid.NewGuid() }));
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", "No"), ("InitialR2T", "No"), Level1);
        initiator.ClearUnitAttention(lun: 3);
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true, lun: 3));
        BasicHeader r2t = initiator.Receive(Opcode.ReadyToTransfer).Basic;
        Assert.AreNotEqual(BasicHeader.ReservedTag, r2t.TargetTransferTag);
        Assert.AreEqual(3ul << 48, r2t.Lun);
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("1")]
    public async Task FFP_TARGETS_8_2_and_9_1_and_9_2_Data_In_has_no_tag_without_the_A_bit_F_at_its_end_and_a_status_only_there(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ErrorRecoveryLevel", level), ("MaxRecvDataSegmentLength", "1024"));
        initiator.Send(ReadHeader(initiator, 4096));
        for (int i = 0; i < 4; i++)
        {
            DataInHeader data = new(initiator.Receive(Opcode.DataIn).Header);
            Assert.IsFalse(data.Acknowledge);
            Assert.AreEqual(BasicHeader.ReservedTag, data.Basic.TargetTransferTag);
            Assert.AreEqual(0ul, data.Basic.Lun);
            Assert.AreEqual(i == 3, data.Basic.Final);
            Assert.AreEqual(i == 3 && level == "0", data.HasStatus);
            Assert.AreEqual(0, data.Status);
        }
        if (level != "0") Assert.AreEqual(0, initiator.ReceiveResult().Status);
        // A status that is not good never comes with data.
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, long.MaxValue / 1024, 1), 512, read: true));
        Assert.AreEqual(2, new ScsiResponseHeader(initiator.Receive(Opcode.ScsiResponse).Header).Status);
    }

    [TestMethod]
    [DataRow("512", true, 512, DisplayName = "9.3.1")]
    [DataRow("512", false, 512, DisplayName = "9.3.1, a medium that waits")]
    [DataRow("1022", true, 1020, DisplayName = "9.3.3")]
    [DataRow("1022", false, 1020, DisplayName = "9.3.3, a medium that waits")]
    public async Task FFP_TARGETS_9_3_Data_In_is_no_longer_than_was_declared_and_of_whole_words(string declared, bool shortCuts, int most)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Medium.ShortCuts = shortCuts;
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxRecvDataSegmentLength", declared));
        initiator.Send(ReadHeader(initiator, 4096));
        ReceivedPdu pdu;
        do
        {
            pdu = initiator.Receive(Opcode.DataIn);
            Assert.IsLessThanOrEqualTo(most, pdu.Data.Length);
            if (!pdu.Basic.Final) Assert.AreEqual(0, pdu.Data.Length % 4);
        }
        while (!pdu.Basic.Final);
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("1")]
    public async Task FFP_TARGETS_9_3_2_Data_Out_without_data_is_no_error(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, ("ErrorRecoveryLevel", level)]);
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
        initiator.Send(initiator.DataOutHeader(tag, r2t.Basic.TargetTransferTag, 0, 0, final: false));
        initiator.Send(initiator.DataOutHeader(tag, r2t.Basic.TargetTransferTag, 0, 1, final: true), Enumerable.Repeat((byte)7, 1024).ToArray());
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.AreEqual(7, server.Medium.Bytes[1023]);
    }

    [TestMethod]
    public async Task FFP_TARGETS_10_1_R2Ts_ask_for_one_range_after_the_other_and_take_no_StatSN()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, ("MaxBurstLength", "512"), ("FirstBurstLength", "512"), ("MaxOutstandingR2T", "4")]);
        uint statSN = initiator.ExpStatSN;
        byte[] write = WriteHeader(initiator, 2048);
        new BasicHeader(write).InitiatorTaskTag = 0xA2A2A2A2;
        initiator.Send(write);
        HashSet<uint> tags = [];
        for (uint i = 0; i < 4; i++)
        {
            ReadyToTransferHeader r2t = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
            Assert.AreEqual(0xA2A2A2A2, r2t.Basic.InitiatorTaskTag);
            Assert.AreEqual(i, r2t.R2TSN);
            Assert.AreEqual(i * 512, r2t.BufferOffset);
            Assert.AreEqual(512u, r2t.DesiredLength);
            Assert.AreEqual(statSN, r2t.Basic.StatSN);
            Assert.IsTrue(r2t.Basic.TargetTransferTag != BasicHeader.ReservedTag && tags.Add(r2t.Basic.TargetTransferTag));
        }
    }

    [TestMethod]
    public async Task FFP_TARGETS_18_1_1_A_command_without_the_header_digest_that_was_agreed_on_is_not_done()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("HeaderDigest", "CRC32C,None"), ("InitialR2T", "Yes"), ("FirstBurstLength", "512"));
        byte[] write = WriteHeader(initiator, 512);
        initiator.HeaderDigest = false;
        initiator.Send(write, Enumerable.Repeat((byte)9, 512).ToArray());
        Assert.IsTrue(initiator.IsClosedByTarget());
        Assert.AreEqual(0, server.Medium.Bytes[0]);
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("1")]
    public async Task FFP_TARGETS_18_2_1_A_command_with_a_wrong_data_digest_is_rejected_and_not_done(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("DataDigest", "CRC32C,None"), ("InitialR2T", "Yes"), ("FirstBurstLength", "512"), ("ErrorRecoveryLevel", level));
        byte[] write = WriteHeader(initiator, 512);
        initiator.SpoilDataDigest = true;
        initiator.Send(write, Enumerable.Repeat((byte)9, 512).ToArray());
        initiator.SpoilDataDigest = false;
        Assert.AreEqual(RejectReason.DataDigestError, ReceiveReject(initiator, write));
        Assert.AreEqual(0, server.Medium.Bytes[0]);
        if (level == "0")
        {
            Assert.IsTrue(initiator.IsClosedByTarget());
            return;
        }
        // The next command waits for the retry of this one.
        initiator.Send(WriteHeader(initiator, 512));
        TaskManagementTests.Ping(initiator);
    }

    [TestMethod]
    public async Task FFP_TARGETS_18_2_2_Data_with_a_wrong_digest_is_rejected_and_asked_for_again_when_its_burst_has_ended()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, ("DataDigest", "CRC32C,None"), Level1]);
        byte[] data = Enumerable.Repeat((byte)8, 1024).ToArray();
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
        byte[] first = initiator.DataOutHeader(tag, r2t.Basic.TargetTransferTag, 0, 0, final: false);
        initiator.SpoilDataDigest = true;
        initiator.Send(first, data.AsSpan(0, 512));
        initiator.SpoilDataDigest = false;
        Assert.AreEqual(RejectReason.DataDigestError, ReceiveReject(initiator, first));
        TaskManagementTests.Ping(initiator);
        initiator.Send(initiator.DataOutHeader(tag, r2t.Basic.TargetTransferTag, 512, 1, final: true), data.AsSpan(512));
        ReadyToTransferHeader again = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual((1u, 0u, 1024u), (again.R2TSN, again.BufferOffset, again.DesiredLength));
        initiator.SendDataOut(tag, again.Basic.TargetTransferTag, data, 0, 1024, 1024);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..1024].SequenceEqual(data));
    }

    [TestMethod]
    public async Task FFP_TARGETS_19_1_A_command_whose_initiator_expects_no_data_sends_none()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        byte[] capacity = [0x25, .. new byte[15]];
        initiator.Send(initiator.CommandHeader(capacity, 0, read: true));
        ScsiResponseHeader response = new(initiator.Receive(Opcode.ScsiResponse).Header);
        Assert.AreEqual((0, true, 8u), (response.Status, response.Overflow, response.ResidualCount));
    }
}

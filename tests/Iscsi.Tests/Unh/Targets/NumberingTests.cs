using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.Targets.TargetSuite;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>Groups 1 to 6 of the suite: CmdSN, StatSN, DataSN, R2TSN, retries and allegiance (RFC 7143 4.2.2, 4.2.5.1).</summary>
[TestClass]
public class NumberingTests
{
    [TestMethod]
    public async Task FFP_TARGETS_1_1_and_2_1_MaxCmdSN_is_never_below_ExpCmdSN_less_one_and_StatSN_counts_from_the_login_on()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        ReceivedPdu login = initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            [("InitiatorName", initiator.InitiatorName), ("TargetName", TestServer.TargetName), .. Solicited]);
        uint statSN = login.Basic.StatSN;
        initiator.ClearUnitAttention();
        statSN = initiator.ExpStatSN;
        Assert.AreEqual(login.Basic.StatSN + 3, statSN, "the login, a unit attention, a TEST UNIT READY");
        for (int i = 0; i < 10; i++)
        {
            (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 1024);
            Check(r2t);
            Assert.AreEqual(statSN, r2t.Basic.StatSN, "an R2T names the next one");
            initiator.SendDataOut(tag, r2t.Basic.TargetTransferTag, new byte[1024], 0, 1024, 1024);
            ReceivedPdu response = initiator.Receive(Opcode.ScsiResponse);
            Check(response);
            Assert.AreEqual(statSN++, response.Basic.StatSN);
        }

        static void Check(ReceivedPdu pdu) => Assert.IsFalse(SerialNumber.IsBefore(pdu.Basic.MaxCmdSN, pdu.Basic.ExpCmdSN - 1));
    }

    [TestMethod]
    [DataRow(false, DisplayName = "1.2 outside the window")]
    [DataRow(true, DisplayName = "1.3 a number that has been used")]
    public async Task FFP_TARGETS_1_2_and_1_3_A_command_whose_CmdSN_cannot_be_is_ignored(bool used)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        for (int i = 0; i < 10; i++)
        {
            if (i == 6)
            {
                uint next = initiator.CmdSN;
                initiator.CmdSN = used ? next - 1 : initiator.MaxCmdSN + 1;
                initiator.Send(WriteHeader(initiator, 1024));
                initiator.CmdSN = next;
                // No R2T, no response.
                TaskManagementTests.Ping(initiator);
            }
            Assert.AreEqual(0, initiator.Write(i * 2, new byte[1024], immediate: 0).Status);
        }
    }

    [TestMethod]
    public async Task FFP_TARGETS_3_1_and_9_4_and_9_5_DataSN_begins_at_0_for_each_command_and_offsets_rise()
    {
        await using TestServer server = await TestServer.StartAsync();
        new Random(1).NextBytes(server.Medium.Bytes[..8192]);
        using ScriptedInitiator initiator = server.LogIn(null, [("ImmediateData", "No"), ("InitialR2T", "Yes"), ("MaxRecvDataSegmentLength", "512")]);
        for (int command = 0; command < 3; command++)
        {
            initiator.Send(ReadHeader(initiator, 8192));
            for (uint i = 0; i < 16; i++)
            {
                ReceivedPdu pdu = initiator.Receive(Opcode.DataIn);
                DataInHeader data = new(pdu.Header);
                Assert.AreEqual(i, data.DataSN);
                Assert.AreEqual(i * 512, data.BufferOffset);
                Assert.IsTrue(server.Medium.Bytes.Slice((int)i * 512, 512).SequenceEqual(pdu.Data));
            }
        }
    }

    [TestMethod]
    public async Task FFP_TARGETS_4_1_R2TSN_begins_at_0_for_each_command()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, [.. Solicited, ("MaxBurstLength", "1024"), ("FirstBurstLength", "1024")]);
        byte[] data = new byte[4096];
        for (int command = 0; command < 3; command++)
        {
            (uint tag, ReceivedPdu pdu) = BeginWrite(initiator, data.Length);
            for (uint i = 0; i < 4; i++)
            {
                ReadyToTransferHeader r2t = new((i == 0 ? pdu : initiator.Receive(Opcode.ReadyToTransfer)).Header);
                Assert.AreEqual(i, r2t.R2TSN);
                initiator.SendDataOut(tag, r2t.Basic.TargetTransferTag, data, (int)r2t.BufferOffset, 1024, 1024);
            }
            Assert.AreEqual(0, initiator.ReceiveResult().Status);
        }
    }

    [TestMethod]
    public async Task FFP_TARGETS_5_1_A_command_with_a_wrong_data_digest_is_rejected_and_its_retry_done()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("DataDigest", "CRC32C"));
        byte[] write = WriteHeader(initiator, 512), data = Enumerable.Repeat((byte)5, 512).ToArray();
        initiator.SpoilDataDigest = true;
        initiator.Send(write, data);
        initiator.SpoilDataDigest = false;
        Assert.AreEqual(RejectReason.DataDigestError, ReceiveReject(initiator, write));
        initiator.Send(write, data);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.AreEqual(5, server.Medium.Bytes[0]);
    }

    [TestMethod]
    public async Task FFP_TARGETS_6_1_R2Ts_data_and_status_come_by_the_connection_of_their_command()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, [.. Solicited, Many]), second = server.Join(first, 2);
        ScriptedInitiator[] both = [first, second];
        (uint Tag, ReceivedPdu R2T)[] writes = [.. both.Select(one => BeginWrite(one, 1024))];
        foreach (ScriptedInitiator one in both)
        {
            byte[] read = ReadHeader(one, 1024);
            one.Send(read);
            Assert.AreEqual(Tag(read), one.Receive(Opcode.DataIn).Basic.InitiatorTaskTag);
        }
        for (int i = 0; i < 2; i++)
        {
            both[i].SendDataOut(writes[i].Tag, writes[i].R2T.Basic.TargetTransferTag, new byte[1024], 0, 1024, 1024);
            Assert.AreEqual(writes[i].Tag, both[i].Receive(Opcode.ScsiResponse).Basic.InitiatorTaskTag);
        }
    }
}

using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Unh;

/// <summary>
/// The full feature phase (RFC 7143 4.2, 11) by the numbers of the UNH-IOL "Full Feature Phase Test Suite for iSCSI Initiators", version 3.1, seen from the other side; those of the
/// suite for targets are in the folder Targets.
/// </summary>
[TestClass]
public class FullFeaturePhaseTests
{
    private const int Segment = 8192;

    [TestMethod]
    public async Task FFP_INITIATORS_1_1_Command_numbers_advance_by_one_per_command_and_immediate_ones_use_none()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        uint expected = initiator.ExpCmdSN;
        initiator.Read(0, 1);
        Assert.AreEqual(++expected, initiator.ExpCmdSN);
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(expected, initiator.ExpCmdSN);
        initiator.Write(0, new byte[512]);
        Assert.AreEqual(++expected, initiator.ExpCmdSN);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_2_1_An_immediate_command_is_done_though_commands_before_it_are_missing()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        initiator.CmdSN += 5;
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        new BasicHeader(command).Immediate = true;
        initiator.CmdSN--;
        initiator.Send(command);
        Assert.AreEqual(512, initiator.ReceiveResult().Data.Length);
        initiator.CmdSN -= 5;
        Assert.AreEqual(initiator.CmdSN, initiator.ExpCmdSN);
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_2_2_An_immediate_task_management_request_is_done_at_once()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        initiator.CmdSN += 3;
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, initiator.Manage(TaskManagementFunction.AbortTaskSet));
        initiator.CmdSN -= 3;
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_3_1_to_3_3_The_window_is_obeyed_closed_and_open()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { CommandWindow = 2 });
        using ScriptedInitiator initiator = server.LogIn();
        Assert.AreEqual(initiator.ExpCmdSN + 1, initiator.MaxCmdSN);
        server.Medium.Hold();
        for (int i = 0; i < 2; i++) initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true));
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(initiator.ExpCmdSN - 1, initiator.MaxCmdSN, "3.1: closed");
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true));
        TaskManagementTests.Ping(initiator);
        server.Medium.LetGo();
        for (int i = 0; i < 2; i++) Assert.AreEqual(0, initiator.ReceiveResult().Status);
        initiator.CmdSN--;
        Assert.AreEqual(0, initiator.Read(0, 1).Status, "what was outside the window was ignored");
    }

    [TestMethod]
    public async Task FFP_INITIATORS_4_1_A_retry_of_an_acknowledged_command_is_ignored()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        initiator.Send(command, new byte[512]);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        initiator.Send(command, Enumerable.Repeat((byte)1, 512).ToArray());
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(0, server.Medium.Bytes[0]);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_5_1_StatSN_counts_the_responses()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        uint next = initiator.ExpStatSN;
        byte[] read = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 32), 2 * Segment, read: true);
        initiator.Send(read);
        DataInHeader first = new(initiator.Receive(Opcode.DataIn).Header);
        Assert.IsFalse(first.HasStatus);
        DataInHeader last = new(initiator.Receive(Opcode.DataIn).Header);
        Assert.IsTrue(last.HasStatus);
        Assert.AreEqual(next++, last.Basic.StatSN);
        initiator.Send(initiator.CommandHeader([0xFF, .. new byte[15]]));
        Assert.AreEqual(next++, initiator.Receive(Opcode.ScsiResponse).Basic.StatSN);
        initiator.Send(initiator.NewHeader(Opcode.NopOut, immediate: true));
        Assert.AreEqual(next++, initiator.Receive(Opcode.NopIn).Basic.StatSN);
        byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        initiator.Send(write);
        ReceivedPdu r2t = initiator.Receive(Opcode.ReadyToTransfer);
        Assert.AreEqual(next, r2t.Basic.StatSN, "an R2T names the next one and takes none");
        initiator.SendDataOut(new BasicHeader(write).InitiatorTaskTag, r2t.Basic.TargetTransferTag, new byte[512], 0, 512, 512);
        Assert.AreEqual(next, initiator.Receive(Opcode.ScsiResponse).Basic.StatSN);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_6_1_DataSN_and_R2TSN_begin_at_0_for_each_command()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxBurstLength", "8192"), ("MaxOutstandingR2T", "1"));
        for (int round = 0; round < 2; round++)
        {
            // ReceiveResult checks both sequences.
            Assert.AreEqual(4 * Segment, initiator.Read(0, 64).Data.Length);
            Assert.AreEqual(0, initiator.Write(0, new byte[4 * Segment], immediate: 0).Status);
        }
    }

    [TestMethod]
    [DataRow("No", "Yes", 8192, 57344, DisplayName = "8.1 unsolicited and solicited")]
    [DataRow("Yes", "No", 0, 0, DisplayName = "8.2 solicited")]
    [DataRow("No", "No", 0, 65536, DisplayName = "8.3 unsolicited")]
    public async Task FFP_INITIATORS_8_Data_is_taken_as_it_was_agreed_on(string initialR2T, string immediateData, int immediate, int unsolicited)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", initialR2T), ("ImmediateData", immediateData), ("FirstBurstLength", "65536"));
        byte[] data = new byte[65536];
        new Random(1).NextBytes(data);
        Assert.AreEqual(0, initiator.Write(0, data, immediate, unsolicited).Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
    }

    [TestMethod]
    public async Task FFP_INITIATORS_9_1_and_12_1_Transfer_tags_of_outstanding_R2Ts_differ()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxBurstLength", "4096"), ("MaxOutstandingR2T", "8"));
        HashSet<uint> tags = [];
        for (int i = 0; i < 3; i++) initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 32), 2 * Segment, write: true));
        for (int i = 0; i < 12; i++)
        {
            ReadyToTransferHeader r2t = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
            Assert.AreNotEqual(BasicHeader.ReservedTag, r2t.Basic.TargetTransferTag);
            Assert.IsTrue(tags.Add(r2t.Basic.TargetTransferTag));
            Assert.AreEqual(4096u, r2t.DesiredLength, "12.2: never more than MaxBurstLength");
            Assert.AreEqual((uint)(i % 4 * 4096), r2t.BufferOffset, "12.3: in order");
        }
    }

    [TestMethod]
    public async Task FFP_INITIATORS_10_1_The_status_comes_with_the_last_data_and_only_there()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxBurstLength", "16384"));
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 64), 4 * Segment, read: true));
        for (int i = 0; i < 4; i++)
        {
            ReceivedPdu pdu = initiator.Receive(Opcode.DataIn);
            DataInHeader data = new(pdu.Header);
            Assert.AreEqual(i == 3, data.HasStatus);
            Assert.AreEqual(i % 2 == 1, data.Basic.Final, "F at the end of each burst");
            Assert.IsFalse(data.Acknowledge, "10.2: no A bit at ErrorRecoveryLevel 0");
            Assert.AreEqual(Segment, pdu.Data.Length, "11.1.2: never more than the initiator takes");
        }
    }

    [TestMethod]
    [DataRow(1u, 0, true, DisplayName = "11.3 wrong DataSN")]
    [DataRow(0u, 512, true, DisplayName = "11.4 wrong offset")]
    [DataRow(0u, 0, false, DisplayName = "11.2.2 no F at the end of what was asked for")]
    public async Task FFP_INITIATORS_11_Data_out_of_its_sequence_fails_the_command(uint dataSN, int offset, bool final)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        initiator.Send(write);
        uint transfer = initiator.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        initiator.Send(initiator.DataOutHeader(new BasicHeader(write).InitiatorTaskTag, transfer, offset, dataSN, final), new byte[4096]);
        Assert.AreEqual(0x0B4B00, initiator.ReceiveResult().SenseCode);
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_12_4_Parallel_commands_each_get_their_own_data()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        Dictionary<uint, byte[]> data = [];
        for (int i = 0; i < 4; i++)
        {
            byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, i * 16, 16), Segment, write: true);
            data[new BasicHeader(write).InitiatorTaskTag] = Enumerable.Repeat((byte)(i + 1), Segment).ToArray();
            initiator.Send(write);
        }
        List<BasicTags> asked = [.. Enumerable.Range(0, 4).Select(_ => BasicTags.Of(initiator.Receive(Opcode.ReadyToTransfer)))];
        asked.Reverse();
        foreach (BasicTags one in asked) initiator.SendDataOut(one.Task, one.Transfer, data[one.Task], 0, Segment, 2048);
        for (int i = 0; i < 4; i++) Assert.AreEqual(0, new ScsiResponseHeader(initiator.Receive(Opcode.ScsiResponse).Header).Status);
        for (int i = 0; i < 4; i++) Assert.AreEqual(i + 1, server.Medium.Bytes[i * Segment]);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_13_1_A_SNACK_is_rejected_at_ErrorRecoveryLevel_0()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] snack = new byte[BasicHeader.LengthBytes];
        new BasicHeader(snack).Opcode = Opcode.SnackRequest;
        initiator.Send(snack);
        Assert.AreEqual((byte)RejectReason.SnackReject, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_14_1_and_14_2_A_target_that_goes_down_asks_each_connection_to_log_out()
    {
        TestServer server = await TestServer.StartAsync(options => options with { DrainTimeout = TimeSpan.FromSeconds(30) });
        using ScriptedInitiator first = server.LogIn(1, ("MaxConnections", "4")), second = server.Join(first, 2), other = server.LogIn(2);
        ValueTask down = server.DisposeAsync();
        foreach (ScriptedInitiator one in new[] { first, second, other })
        {
            AsyncMessageHeader asked = new(one.Receive(Opcode.AsyncMessage).Header);
            Assert.AreEqual(AsyncEvent.LogoutRequested, asked.Event);
            Assert.AreEqual(BasicHeader.ReservedTag, asked.Basic.InitiatorTaskTag);
            Assert.IsGreaterThan(0, asked.Parameter3);
        }
        Assert.AreEqual(LogoutResponse.Closed, second.Logout(LogoutReason.CloseConnection, 2));
        Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.CloseSession, 1));
        Assert.AreEqual(LogoutResponse.Closed, other.Logout(LogoutReason.CloseSession, 1));
        await down;
    }

    [TestMethod]
    public async Task FFP_INITIATORS_15_1_to_15_3_Pings_go_both_ways()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { PingInterval = TimeSpan.FromMilliseconds(200) });
        using ScriptedInitiator initiator = server.LogIn();
        ReceivedPdu asked = initiator.Receive(Opcode.NopIn);
        Assert.AreEqual(BasicHeader.ReservedTag, asked.Basic.InitiatorTaskTag);
        Assert.AreNotEqual(BasicHeader.ReservedTag, asked.Basic.TargetTransferTag);
        Assert.AreEqual(initiator.ExpStatSN, asked.Basic.StatSN, "15.3: it names the next StatSN");
        byte[] answer = initiator.NewHeader(Opcode.NopOut, immediate: true);
        BasicHeader header = new(answer) { InitiatorTaskTag = BasicHeader.ReservedTag, TargetTransferTag = asked.Basic.TargetTransferTag };
        initiator.Send(header.Bytes.ToArray());
        byte[] data = new byte[300];
        new Random(2).NextBytes(data);
        byte[] ping = initiator.NewHeader(Opcode.NopOut);
        initiator.Send(ping, data);
        ReceivedPdu echoed;
        do echoed = initiator.Receive(Opcode.NopIn);
        while (echoed.Basic.InitiatorTaskTag == BasicHeader.ReservedTag);
        Assert.IsTrue(echoed.Data.AsSpan().SequenceEqual(data));
        Assert.AreEqual(new BasicHeader(ping).InitiatorTaskTag, echoed.Basic.InitiatorTaskTag);
    }

    [TestMethod]
    public async Task FFP_INITIATORS_16_Fields_that_cannot_be_are_rejected_or_fail_the_command()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", "No"));
        // Immediate data that was not agreed on.
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true), new byte[512]);
        Assert.AreEqual(0x0B0C0C, initiator.ReceiveResult().SenseCode);
        // A read that says that unsolicited data follows.
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true, final: false));
        Assert.AreEqual((byte)RejectReason.InvalidPduField, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        byte[] reserved = initiator.CommandHeader(new byte[16]);
        new BasicHeader(reserved).InitiatorTaskTag = BasicHeader.ReservedTag;
        initiator.Send(reserved);
        Assert.AreEqual((byte)RejectReason.InvalidPduField, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    private readonly record struct BasicTags(uint Task, uint Transfer)
    {
        public static BasicTags Of(ReceivedPdu pdu) => new(pdu.Basic.InitiatorTaskTag, pdu.Basic.TargetTransferTag);
    }
}

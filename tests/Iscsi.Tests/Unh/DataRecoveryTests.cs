using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.RecoveryRequests;

namespace Lunaria.Iscsi.Tests.Unh;

/// <summary>What the test purposes of UNH-IOL leave out of ErrorRecoveryLevel 1 and 2 (RFC 7143 7): tests of this project's own.</summary>
[TestClass]
public class DataRecoveryTests
{
    private const int Segment = 8192;
    private static readonly (string, string) Level1 = ("ErrorRecoveryLevel", "1"), Level2 = ("ErrorRecoveryLevel", "2"), Many = ("MaxConnections", "8");

    [TestMethod]
    public async Task R_Data_SNACK_sends_all_data_in_new_segments_and_the_status_with_its_tag()
    {
        await using TestServer server = await TestServer.StartAsync();
        Pattern(2 * Segment, 8).CopyTo(server.Medium.Bytes);
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        uint from = initiator.ExpStatSN, tag = initiator.NextTag;
        initiator.Read(0, 32);
        initiator.ExpStatSN = from;
        byte[] text = initiator.NewHeader(Opcode.TextRequest, immediate: true);
        new BasicHeader(text).TargetTransferTag = BasicHeader.ReservedTag;
        initiator.Send(text, ScriptedInitiatorLogin.Text(("MaxRecvDataSegmentLength", "4096")));
        initiator.Receive(Opcode.TextResponse);
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.ReplacedData, tag, 0, 0, transferTag: 0x77);
        for (uint dataSN = 0; dataSN < 4; dataSN++)
        {
            ReceivedPdu data = initiator.Receive(Opcode.DataIn);
            Assert.AreEqual(dataSN, new DataInHeader(data.Header).DataSN);
            Assert.AreEqual(4096, data.Data.Length);
        }
        ScsiResponseHeader response = new(initiator.Receive(Opcode.ScsiResponse).Header);
        Assert.AreEqual(0x77u, response.SnackTag);
        Assert.AreEqual(4u, response.ExpDataSN);
        Assert.AreEqual(from, response.Basic.StatSN);
    }

    [TestMethod]
    public async Task The_A_bit_asks_for_a_DataACK_and_what_it_acknowledges_is_not_sent_again()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("MaxBurstLength", "16384"));
        uint from = initiator.ExpStatSN;
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 64), 4 * Segment, read: true);
        uint tag = new BasicHeader(command).InitiatorTaskTag;
        initiator.Send(command);
        initiator.Receive(Opcode.DataIn);
        DataInHeader asks = new(initiator.Receive(Opcode.DataIn).Header);
        Assert.IsTrue(asks.Acknowledge && asks.Basic.Final);
        initiator.Receive(Opcode.DataIn);
        Assert.IsFalse(new DataInHeader(initiator.Receive(Opcode.DataIn).Header).Acknowledge);
        initiator.Receive(Opcode.ScsiResponse);
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.DataAck, BasicHeader.ReservedTag, 2, 0, asks.Basic.TargetTransferTag);
        Snack(initiator, SnackType.DataOrR2T, tag, 1, 1);
        Assert.AreEqual((byte)RejectReason.ProtocolError, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.DataOrR2T, tag, 2, 1);
        Assert.AreEqual(2u, new DataInHeader(initiator.Receive(Opcode.DataIn).Header).DataSN);
        Snack(initiator, SnackType.DataAck, BasicHeader.ReservedTag, 2, 0, 0x4711);
        Assert.AreEqual((byte)RejectReason.InvalidDataAck, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
    }

    [TestMethod]
    public async Task R_Data_SNACK_leaves_what_is_acknowledged_and_goes_on_with_the_numbers_after_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        Pattern(4 * Segment, 9).CopyTo(server.Medium.Bytes);
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("MaxBurstLength", "16384"));
        (uint from, uint tag) = (initiator.ExpStatSN, initiator.NextTag);
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 64), 4 * Segment, read: true));
        initiator.Receive(Opcode.DataIn);
        DataInHeader asks = new(initiator.Receive(Opcode.DataIn).Header);
        for (int i = 0; i < 2; i++) initiator.Receive(Opcode.DataIn);
        initiator.Receive(Opcode.ScsiResponse);
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.DataAck, BasicHeader.ReservedTag, 2, 0, asks.Basic.TargetTransferTag);
        byte[] text = initiator.NewHeader(Opcode.TextRequest, immediate: true);
        new BasicHeader(text).TargetTransferTag = BasicHeader.ReservedTag;
        initiator.Send(text, ScriptedInitiatorLogin.Text(("MaxRecvDataSegmentLength", "4096")));
        initiator.Receive(Opcode.TextResponse);
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.ReplacedData, tag, 0, 0, transferTag: 0x77);
        ExpectRest();
        Assert.AreEqual(6u, new ScsiResponseHeader(initiator.Receive(Opcode.ScsiResponse).Header).ExpDataSN);
        initiator.ExpStatSN = from;
        // All that is not acknowledged, cut as it was sent last.
        Snack(initiator, SnackType.DataOrR2T, tag, 0, 0);
        ExpectRest();

        void ExpectRest()
        {
            for (uint i = 0; i < 4; i++)
            {
                ReceivedPdu pdu = initiator.Receive(Opcode.DataIn);
                DataInHeader data = new(pdu.Header);
                Assert.AreEqual((2 + i, 16384 + (i * 4096)), (data.DataSN, data.BufferOffset));
                Assert.IsTrue(Pattern(4 * Segment, 9).AsSpan((int)data.BufferOffset, 4096).SequenceEqual(pdu.Data));
            }
        }
    }

    [TestMethod]
    [DataRow(0u, 2u, DisplayName = "0 says nothing")]
    [DataRow(3u, 3u, DisplayName = "3 acknowledges one more")]
    [DataRow(1u, 2u, DisplayName = "1 is acknowledged already")]
    [DataRow(7u, 2u, DisplayName = "7 was never sent")]
    public async Task A_reassigned_read_goes_on_after_what_is_acknowledged(uint expDataSN, uint first)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator one = server.LogIn(null, Level2, Many, ("MaxBurstLength", "16384")), two = server.Join(one, 2);
        uint tag = two.NextTag;
        two.Send(two.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 64), 4 * Segment, read: true));
        two.Receive(Opcode.DataIn);
        DataInHeader asks = new(two.Receive(Opcode.DataIn).Header);
        for (int i = 0; i < 2; i++) two.Receive(Opcode.DataIn);
        uint status = two.Receive(Opcode.ScsiResponse).Basic.StatSN;
        two.ExpStatSN = status;
        Snack(two, SnackType.DataAck, BasicHeader.ReservedTag, 2, 0, asks.Basic.TargetTransferTag);
        two.ExpStatSN = status;
        TaskManagementTests.Ping(two);
        Assert.AreEqual(LogoutResponse.Closed, one.Logout(LogoutReason.RemoveConnectionForRecovery, 2));
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, one.Manage(TaskManagementFunction.TaskReassign, tag, expDataSN));
        for (uint dataSN = first; dataSN < 4; dataSN++) Assert.AreEqual(dataSN, new DataInHeader(one.Receive(Opcode.DataIn).Header).DataSN);
        Assert.AreEqual(0, new ScsiResponseHeader(one.Receive(Opcode.ScsiResponse).Header).Status);
    }

    [TestMethod]
    [DataRow(0, DisplayName = "first PDU")]
    [DataRow(1, DisplayName = "middle PDU")]
    [DataRow(2, DisplayName = "last PDU")]
    public async Task Data_lost_by_a_data_digest_error_is_asked_for_by_a_recovery_R2T(int lost)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("DataDigest", "CRC32C"));
        byte[] data = Pattern(3 * Segment, 9);
        uint tag = BeginWrite(initiator, data, out ReadyToTransferHeader r2t);
        for (int i = 0; i < 3; i++)
        {
            initiator.SpoilDataDigest = i == lost;
            initiator.Send(initiator.DataOutHeader(tag, r2t.Basic.TargetTransferTag, i * Segment, (uint)i, final: i == 2), data.AsSpan(i * Segment, Segment));
        }
        initiator.SpoilDataDigest = false;
        Assert.AreEqual((byte)RejectReason.DataDigestError, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        ReadyToTransferHeader again = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual((uint)(lost * Segment), again.BufferOffset);
        Assert.AreEqual((uint)((3 - lost) * Segment), again.DesiredLength);
        Assert.AreEqual(r2t.R2TSN + 1, again.R2TSN);
        Assert.AreNotEqual(r2t.Basic.TargetTransferTag, again.Basic.TargetTransferTag);
        initiator.SendDataOut(tag, again.Basic.TargetTransferTag, data, lost * Segment, (3 - lost) * Segment, Segment);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
    }

    [TestMethod]
    public async Task Unsolicited_data_lost_by_a_header_digest_error_is_asked_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("HeaderDigest", "CRC32C"), ("InitialR2T", "No"));
        byte[] data = Pattern(4 * Segment, 10);
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 64), data.Length, write: true, final: false);
        uint tag = new BasicHeader(command).InitiatorTaskTag;
        initiator.Send(command, data.AsSpan(0, Segment));
        for (int i = 1; i < 4; i++)
        {
            initiator.SpoilHeaderDigest = i == 1;
            initiator.Send(initiator.DataOutHeader(tag, BasicHeader.ReservedTag, i * Segment, (uint)(i - 1), final: i == 3), data.AsSpan(i * Segment, Segment));
        }
        initiator.SpoilHeaderDigest = false;
        ReadyToTransferHeader r2t = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual((uint)Segment, r2t.BufferOffset);
        initiator.SendDataOut(tag, r2t.Basic.TargetTransferTag, data, Segment, 3 * Segment, Segment);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
    }

    [TestMethod]
    public async Task Data_whose_last_PDU_never_comes_is_asked_for_after_a_while_and_fails_in_the_end()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { DataRequestInterval = TimeSpan.FromMilliseconds(200) });
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        byte[] data = Pattern(2 * Segment, 11);
        uint tag = BeginWrite(initiator, data, out ReadyToTransferHeader r2t);
        initiator.Send(initiator.DataOutHeader(tag, r2t.Basic.TargetTransferTag, 0, 0, final: false), data.AsSpan(0, Segment));
        ReadyToTransferHeader again = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual((uint)Segment, again.BufferOffset);
        initiator.SendDataOut(tag, again.Basic.TargetTransferTag, data, Segment, Segment, Segment);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        BeginWrite(initiator, data, out _);
        for (int i = 0; i < 5; i++) initiator.Receive(Opcode.ReadyToTransfer);
        Assert.AreEqual(0x0B4705, initiator.ReceiveResult().SenseCode);
    }

    [TestMethod]
    [DataRow(TaskManagementFunction.AbortTaskSet)]
    [DataRow(TaskManagementFunction.ClearTaskSet)]
    [DataRow(TaskManagementFunction.LogicalUnitReset)]
    [DataRow(TaskManagementFunction.TargetWarmReset)]
    public async Task A_command_that_was_lost_does_not_outlive_a_function_that_ends_it(object function)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("HeaderDigest", "CRC32C"));
        byte[] lost = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        initiator.SpoilHeaderDigest = true;
        initiator.Send(lost, new byte[512]);
        initiator.SpoilHeaderDigest = false;
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, initiator.Manage((TaskManagementFunction)function));
        Assert.AreEqual(new BasicHeader(lost).CmdSN, initiator.ExpCmdSN);
        // What was sent after the function is done, and when the lost command is sent again its place in the order is used up and nothing else happens.
        byte[] later = initiator.CommandHeader([0xA0, .. new byte[8], 16, .. new byte[6]], 16, read: true);
        initiator.Send(later);
        initiator.Send(lost, Enumerable.Repeat((byte)9, 512).ToArray());
        Assert.AreEqual(new BasicHeader(later).InitiatorTaskTag, initiator.Receive(Opcode.DataIn).Basic.InitiatorTaskTag);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(initiator.CmdSN, initiator.ExpCmdSN);
        Assert.AreEqual(0, server.Medium.Bytes[0]);
    }

    [TestMethod]
    public async Task Two_wrong_headers_in_a_row_close_the_connection()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("HeaderDigest", "CRC32C"));
        initiator.SpoilHeaderDigest = true;
        initiator.Send(initiator.CommandHeader(new byte[16]));
        initiator.Send(initiator.CommandHeader(new byte[16]));
        Assert.IsTrue(initiator.IsClosedByTarget());
    }

    [TestMethod]
    public async Task Tasks_without_a_connection_are_kept_as_long_as_was_agreed_on_and_then_the_session_ends()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(3, Level2, ("DefaultTime2Wait", "0"), ("DefaultTime2Retain", "1"));
        BeginWrite(initiator, Pattern(Segment, 12), out _);
        initiator.Dispose();
        await server.Server.Context.Connections.WhenAtMostAsync(0).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.AreEqual(0, server.Server.Sessions.Count);
        using ScriptedInitiator late = server.NewConnection(initiator, 1);
        Assert.AreEqual(0x020A, late.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", late.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
    }

    [TestMethod]
    public async Task The_task_of_a_lost_connection_is_aborted_from_another_one()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Level2, Many), second = server.Join(first, 2);
        uint tag = BeginWrite(second, Pattern(Segment, 13), out _);
        second.Dispose();
        AsyncMessageHeader dropped = new(first.Receive(Opcode.AsyncMessage).Header);
        Assert.AreEqual(AsyncEvent.ConnectionDropped, dropped.Event);
        Assert.AreEqual(20, dropped.Parameter3);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.AbortTask, tag));
        Assert.AreEqual(TaskManagementResponse.TaskDoesNotExist, first.Manage(TaskManagementFunction.TaskReassign, tag));
    }

    [TestMethod]
    public async Task Below_level_2_tasks_are_not_reassigned()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        Assert.AreEqual(TaskManagementResponse.ReassignmentNotSupported, initiator.Manage(TaskManagementFunction.TaskReassign, 1));
    }
}

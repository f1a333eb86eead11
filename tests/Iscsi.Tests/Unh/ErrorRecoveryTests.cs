using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Unh;

/// <summary>
/// ErrorRecoveryLevel 1 and 2 (RFC 7143 7). The numbers are those of the test purposes of the UNH-IOL "Error Recovery Test Suite for iSCSI
/// Targets", version 2.1; tests without a number are this project's own.
/// </summary>
[TestClass]
public class ErrorRecoveryTests
{
    private const int Segment = 8192;
    private static readonly (string, string) Level1 = ("ErrorRecoveryLevel", "1"), Level2 = ("ErrorRecoveryLevel", "2"), Many = ("MaxConnections", "8");

    [TestMethod]
    [DataRow("1")]
    [DataRow("2")]
    public async Task ER_1_1_An_inadvertent_retry_is_ignored(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ErrorRecoveryLevel", level));
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        initiator.Send(command);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        initiator.Send(command);
        // Nothing but the answer to the ping comes.
        TaskManagementTests.Ping(initiator);
    }

    [TestMethod]
    [DataRow(true, DisplayName = "header")]
    [DataRow(false, DisplayName = "data")]
    public async Task ER_1_2_A_command_lost_by_a_digest_error_is_done_when_it_is_retried(bool header)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1, ("HeaderDigest", "CRC32C"), ("DataDigest", "CRC32C"));
        byte[] data = Pattern(512, 1);
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        (initiator.SpoilHeaderDigest, initiator.SpoilDataDigest) = (header, !header);
        initiator.Send(command, data);
        (initiator.SpoilHeaderDigest, initiator.SpoilDataDigest) = (false, false);
        if (!header) Assert.AreEqual((byte)RejectReason.DataDigestError, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        byte[] later = initiator.CommandHeader(new byte[16]);
        initiator.Send(later);
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(new BasicHeader(command).CmdSN, initiator.ExpCmdSN, "the lost command is still expected");
        initiator.Send(command, data);
        Assert.AreEqual(new BasicHeader(command).InitiatorTaskTag, initiator.Receive(Opcode.ScsiResponse).Basic.InitiatorTaskTag);
        Assert.AreEqual(new BasicHeader(later).InitiatorTaskTag, initiator.Receive(Opcode.ScsiResponse).Basic.InitiatorTaskTag);
        Assert.IsTrue(server.Medium.Bytes[..512].SequenceEqual(data));
    }

    [TestMethod]
    public async Task ER_2_1_A_write_is_reassigned_after_a_logout_for_recovery()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Level2, Many), second = server.Join(first, 2);
        byte[] data = Pattern(3 * Segment, 2);
        uint tag = BeginWrite(second, data, out ReadyToTransferHeader r2t);
        // A part of it arrives before the connection is given up.
        second.Send(second.DataOutHeader(tag, r2t.Basic.TargetTransferTag, 0, 0, final: false), data.AsSpan(0, Segment));
        TaskManagementTests.Ping(second);
        Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.RemoveConnectionForRecovery, 2));
        Assert.IsTrue(second.IsClosedByTarget());
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.TaskReassign, tag));
        ReadyToTransferHeader again = new(first.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual((uint)Segment, again.BufferOffset, "only what has not arrived is asked for");
        Assert.AreEqual((uint)(2 * Segment), again.DesiredLength);
        first.SendDataOut(tag, again.Basic.TargetTransferTag, data, Segment, 2 * Segment, Segment);
        Assert.AreEqual(0, first.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
    }

    [TestMethod]
    public async Task ER_2_2_A_task_is_not_reassigned_while_its_connection_lives()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Level2, Many), second = server.Join(first, 2);
        byte[] data = Pattern(Segment, 3);
        uint tag = BeginWrite(second, data, out ReadyToTransferHeader r2t);
        Assert.AreEqual(TaskManagementResponse.TaskStillAllegiant, first.Manage(TaskManagementFunction.TaskReassign, tag));
        Assert.AreEqual(TaskManagementResponse.TaskDoesNotExist, first.Manage(TaskManagementFunction.TaskReassign, tag + 1000));
        second.SendDataOut(tag, r2t.Basic.TargetTransferTag, data, 0, data.Length, Segment);
        Assert.AreEqual(0, second.ReceiveResult().Status);
    }

    [TestMethod]
    public async Task ER_2_3_A_read_is_reassigned_after_a_logout_for_recovery_from_the_data_that_is_missing()
    {
        await using TestServer server = await TestServer.StartAsync();
        Pattern(4 * Segment, 4).CopyTo(server.Medium.Bytes);
        using ScriptedInitiator first = server.LogIn(null, Level2, Many), second = server.Join(first, 2);
        byte[] command = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 64), 4 * Segment, read: true);
        uint tag = new BasicHeader(command).InitiatorTaskTag;
        second.Send(command);
        for (int i = 0; i < 4; i++) second.Receive(Opcode.DataIn);
        second.Receive(Opcode.ScsiResponse);
        Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.RemoveConnectionForRecovery, 2));
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.TaskReassign, tag, expDataSN: 2));
        foreach (uint dataSN in new uint[] { 2, 3 })
        {
            ReceivedPdu data = first.Receive(Opcode.DataIn);
            Assert.AreEqual(dataSN, new DataInHeader(data.Header).DataSN);
            Assert.IsTrue(server.Medium.Bytes.Slice((int)dataSN * Segment, Segment).SequenceEqual(data.Data));
        }
        ScsiResponseHeader response = new(first.Receive(Opcode.ScsiResponse).Header);
        Assert.AreEqual(4u, response.ExpDataSN);
        Assert.AreEqual(0, response.Status);
    }

    [TestMethod]
    public async Task ER_2_4_A_login_with_the_same_CID_is_an_implicit_logout_and_tasks_are_reassigned_to_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator old = server.LogIn(null, Level2);
        byte[] data = Pattern(2 * Segment, 5);
        uint write = BeginWrite(old, data, out _);
        server.Medium.Hold();
        byte[] read = old.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 64, 16), Segment, read: true);
        old.Send(read);
        await server.Medium.WhenHeldAsync();
        old.Dispose();
        using ScriptedInitiator again = server.Join(old, 1);
        byte[] reassign = Reassign(again, new BasicHeader(read).InitiatorTaskTag);
        again.Send(reassign);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, again.Manage(TaskManagementFunction.TaskReassign, write));
        ReadyToTransferHeader r2t = new(again.Receive(Opcode.ReadyToTransfer).Header);
        // The read still waits for its medium; it is given over when that is done.
        server.Medium.LetGo();
        Assert.AreEqual(0, new CodeResponseHeader(again.Receive(Opcode.TaskManagementResponse).Header).Code);
        Assert.AreEqual(Segment, again.ReceiveResult().Data.Length);
        again.SendDataOut(write, r2t.Basic.TargetTransferTag, data, 0, data.Length, Segment);
        Assert.AreEqual(0, again.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
        // No unit attention: the nexus has not been lost.
        Assert.AreEqual(0, again.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task ER_3_1_An_R2T_is_sent_again_when_it_is_asked_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        byte[] data = Pattern(Segment, 6);
        uint tag = BeginWrite(initiator, data, out ReadyToTransferHeader r2t);
        Snack(initiator, SnackType.DataOrR2T, tag, 0, 1);
        ReadyToTransferHeader again = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual(r2t.R2TSN, again.R2TSN);
        Assert.AreEqual(r2t.Basic.TargetTransferTag, again.Basic.TargetTransferTag);
        Assert.AreEqual(r2t.DesiredLength, again.DesiredLength);
        initiator.SendDataOut(tag, again.Basic.TargetTransferTag, data, 0, data.Length, Segment);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
    }

    [TestMethod]
    [DataRow(1u, 1u, 1, DisplayName = "ER 3.2 one Data-In PDU")]
    [DataRow(1u, 2u, 2, DisplayName = "ER 3.3 a run of Data-In PDUs")]
    [DataRow(0u, 0u, 4, DisplayName = "ER 3.4 all Data-In PDUs")]
    public async Task ER_3_2_to_3_4_Data_is_sent_again_when_it_is_asked_for(uint first, uint run, int expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        Pattern(4 * Segment, 7).CopyTo(server.Medium.Bytes);
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        uint expStatSN = initiator.ExpStatSN;
        uint tag = initiator.NextTag;
        Assert.AreEqual(4 * Segment, initiator.Read(0, 64).Data.Length);
        // What comes again is what was read, whatever has been written since.
        server.Medium.Bytes[..(4 * Segment)].Clear();
        initiator.ExpStatSN = expStatSN;
        Snack(initiator, SnackType.DataOrR2T, tag, first, run);
        byte[] data = Pattern(4 * Segment, 7);
        for (int i = 0; i < expected; i++)
        {
            ReceivedPdu pdu = initiator.Receive(Opcode.DataIn);
            DataInHeader header = new(pdu.Header);
            Assert.AreEqual(first + (uint)i, header.DataSN);
            Assert.IsFalse(header.HasStatus);
            Assert.IsTrue(data.AsSpan((int)header.BufferOffset, Segment).SequenceEqual(pdu.Data));
        }
        TaskManagementTests.Ping(initiator);
        // Acknowledged now: it cannot be asked for any more.
        Snack(initiator, SnackType.DataOrR2T, tag, first, run);
        Assert.AreEqual((byte)RejectReason.SnackReject, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
    }

    [TestMethod]
    public async Task ER_3_5_A_status_is_sent_again_when_it_is_asked_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        uint from = initiator.ExpStatSN;
        Assert.AreEqual(0x052000, Failing(initiator).SenseCode);
        initiator.ExpStatSN = from;
        Assert.AreEqual(0, initiator.Write(0, new byte[512]).Status);
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.Status, BasicHeader.ReservedTag, from, 1);
        ReceivedPdu again = initiator.Receive(Opcode.ScsiResponse);
        Assert.AreEqual(from, again.Basic.StatSN);
        Assert.AreEqual(2, new ScsiResponseHeader(again.Header).Status);
        Assert.IsTrue(again.Data.Length > 2, "with its sense data");
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.Status, BasicHeader.ReservedTag, 0, 0);
        Assert.AreEqual(from, initiator.Receive(Opcode.ScsiResponse).Basic.StatSN);
        Assert.AreEqual(from + 1, initiator.Receive(Opcode.ScsiResponse).Basic.StatSN);
        TaskManagementTests.Ping(initiator);
    }

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
        Assert.AreEqual((byte)RejectReason.SnackReject, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        initiator.ExpStatSN = from;
        Snack(initiator, SnackType.DataOrR2T, tag, 2, 1);
        Assert.AreEqual(2u, new DataInHeader(initiator.Receive(Opcode.DataIn).Header).DataSN);
        Snack(initiator, SnackType.DataAck, BasicHeader.ReservedTag, 2, 0, 0x4711);
        Assert.AreEqual((byte)RejectReason.InvalidDataAck, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
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

    private static uint BeginWrite(ScriptedInitiator initiator, byte[] data, out ReadyToTransferHeader r2t)
    {
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, data.Length / 512), data.Length, write: true);
        initiator.Send(command);
        r2t = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        return new BasicHeader(command).InitiatorTaskTag;
    }

    private static byte[] Reassign(ScriptedInitiator initiator, uint tag)
    {
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader header = new(bytes) { Function = TaskManagementFunction.TaskReassign, ReferencedTaskTag = tag };
        return header.Basic.Bytes.ToArray();
    }

    private static CommandResult Failing(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.CommandHeader([0xFF, .. new byte[15]]));
        return initiator.ReceiveResult();
    }

    private static void Snack(ScriptedInitiator initiator, SnackType type, uint tag, uint first, uint run, uint transferTag = BasicHeader.ReservedTag)
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

    private static byte[] Pattern(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }
}

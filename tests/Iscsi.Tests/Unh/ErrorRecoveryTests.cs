using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.RecoveryRequests;

namespace Lunaria.Iscsi.Tests.Unh;

/// <summary>
/// ErrorRecoveryLevel 1 and 2 (RFC 7143 7). The numbers are those of the test purposes of the UNH-IOL "Error Recovery Test Suite for iSCSI
/// Targets", version 2.1.
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
        Assert.AreEqual((byte)RejectReason.ProtocolError, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
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
}

using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.Targets.TargetSuite;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>Group 16 of the suite: SCSI Response, residuals and unsolicited data (RFC 7143 11.4).</summary>
[TestClass]
public class ResponseTests
{
    [TestMethod]
    [DataRow(4096, false, DisplayName = "16.1 less than was expected")]
    [DataRow(4, true, DisplayName = "16.2 more than was expected")]
    public async Task FFP_TARGETS_16_1_and_16_2_Residuals_are_told(int expected, bool overflow)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] inquiry = [0x12, 0, 0, 0, 255, .. new byte[11]];
        initiator.Send(initiator.CommandHeader(inquiry, expected, read: true));
        CommandResult result = initiator.ReceiveResult();
        int whole = overflow ? (int)(4 + result.Residual) : result.Data.Length;
        Assert.AreEqual((overflow, !overflow), (result.Overflow, result.Underflow));
        Assert.AreEqual((uint)Math.Abs(expected - whole), result.Residual);
        Assert.IsGreaterThanOrEqualTo(36, whole);
    }

    [TestMethod]
    public async Task FFP_TARGETS_16_3_1_Immediate_data_without_the_F_bit_is_taken_where_no_other_unsolicited_data_may_come()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "Yes"), ("FirstBurstLength", "512"));
        byte[] data = Enumerable.Repeat((byte)3, 1024).ToArray(), write = WriteHeader(initiator, 1024, final: false);
        initiator.Send(write, data.AsSpan(0, 512));
        ReadyToTransferHeader r2t = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual((512u, 512u), (r2t.BufferOffset, r2t.DesiredLength));
        initiator.SendDataOut(Tag(write), r2t.Basic.TargetTransferTag, data, 512, 512, 512);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..1024].SequenceEqual(data));
    }

    [TestMethod]
    [DataRow("Yes", false, DisplayName = "16.3.2 more than the first burst")]
    [DataRow("No", true, DisplayName = "16.3.4 where none was agreed on")]
    public async Task FFP_TARGETS_16_3_2_and_16_3_4_Immediate_data_that_may_not_be_fails_the_command(string immediateData, bool final)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", immediateData), ("InitialR2T", "Yes"), ("FirstBurstLength", "512"));
        initiator.Send(WriteHeader(initiator, 1024, final), Enumerable.Repeat((byte)3, 1024).ToArray());
        Assert.AreEqual(0x0B0C0C, initiator.ReceiveResult().SenseCode);
        Assert.AreEqual(0, server.Medium.Bytes[0]);
    }

    [TestMethod]
    [DataRow("Yes", 0, DisplayName = "16.3.3 asked for")]
    [DataRow("No", 1024, DisplayName = "16.3.5 unsolicited")]
    public async Task FFP_TARGETS_16_3_3_and_16_3_5_Data_comes_as_it_was_agreed_on(string initialR2T, int unsolicited)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", "No"), ("InitialR2T", initialR2T), ("FirstBurstLength", "1024"));
        byte[] data = Enumerable.Repeat((byte)4, 1024).ToArray();
        Assert.AreEqual(0, initiator.Write(0, data, immediate: 0, unsolicited).Status);
        Assert.IsTrue(server.Medium.Bytes[..1024].SequenceEqual(data));
    }

    [TestMethod]
    [DataRow("0", 65536)]
    [DataRow("1", 65536)]
    [DataRow("0", 1024, DisplayName = "less than the first burst of a longer transfer")]
    public async Task FFP_TARGETS_16_3_6_Less_unsolicited_data_than_is_due_fails_the_command(string level, int firstBurst)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(
            null, ("ImmediateData", "No"), ("InitialR2T", "No"), ("FirstBurstLength", $"{firstBurst}"), ("ErrorRecoveryLevel", level));
        byte[] write = WriteHeader(initiator, firstBurst == 1024 ? 2048 : 1024, final: false);
        initiator.Send(write);
        initiator.SendDataOut(Tag(write), BasicHeader.ReservedTag, new byte[512], 0, 512, 512);
        Assert.AreEqual(0x0B0C0D, initiator.ReceiveResult().SenseCode);
    }

    [TestMethod]
    public async Task FFP_TARGETS_16_3_7_An_unknown_operation_code_fails_the_command()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "No"));
        Assert.AreEqual(0x052000, RecoveryRequests.Failing(initiator).SenseCode);
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    [DataRow(true, DisplayName = "16.4.1 in the midst of its data")]
    [DataRow(false, DisplayName = "16.4.2 before its data")]
    public async Task FFP_TARGETS_16_4_A_retry_of_a_command_under_way_is_dropped_in_silence(bool midst)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        byte[] data = Enumerable.Repeat((byte)6, 1024).ToArray(), write = WriteHeader(initiator, 1024);
        initiator.Send(write);
        uint transfer = initiator.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        if (midst) initiator.Send(initiator.DataOutHeader(Tag(write), transfer, 0, 0, final: false), data.AsSpan(0, 512));
        initiator.Send(write);
        TaskManagementTests.Ping(initiator);
        int from = midst ? 512 : 0;
        initiator.Send(initiator.DataOutHeader(Tag(write), transfer, from, midst ? 1u : 0, final: true), data.AsSpan(from));
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        TaskManagementTests.Ping(initiator);
        Assert.IsTrue(server.Medium.Bytes[..1024].SequenceEqual(data));
    }

    [TestMethod]
    [DataRow(0, DisplayName = "a PDU of another task")]
    [DataRow(1, DisplayName = "a PDU out of order")]
    public async Task FFP_TARGETS_16_5_The_answer_to_a_command_that_fails_waits_for_the_last_data(int skip)
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { LastDataTimeout = TimeSpan.FromHours(1) });
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        (uint tag, ReceivedPdu r2t) = BeginWrite(initiator, 2048);
        initiator.Send(initiator.DataOutHeader(tag + 1, r2t.Basic.TargetTransferTag, 0, 0, final: false), new byte[512]);
        for (int i = 0; i < 3; i++)
        {
            TaskManagementTests.Ping(initiator);
            initiator.Send(initiator.DataOutHeader(tag, r2t.Basic.TargetTransferTag, (i + skip) * 512, (uint)(i + skip), final: i == 2), new byte[512]);
        }
        Assert.AreEqual(skip == 0 ? 0x0B0C0D : 0x0B4B00, initiator.ReceiveResult().SenseCode);
    }
}

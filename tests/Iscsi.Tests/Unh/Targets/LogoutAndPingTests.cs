using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.Targets.TargetSuite;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>Groups 13 and 15 of the suite: logouts and pings (RFC 7143 11.14, 11.15, 11.18, 11.19).</summary>
[TestClass]
public class LogoutAndPingTests
{
    [TestMethod]
    public async Task FFP_TARGETS_13_1_The_logout_of_a_connection_closes_it_and_leaves_the_tasks_of_others()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, [.. Solicited, Many]), second = server.Join(first, 2);
        BeginWrite(first, 1024);
        (uint tag, ReceivedPdu r2t) = BeginWrite(second, 1024);
        Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.CloseConnection, 1));
        Assert.IsTrue(first.IsClosedByTarget());
        second.SendDataOut(tag, r2t.Basic.TargetTransferTag, new byte[1024], 0, 1024, 1024);
        Assert.AreEqual(0, second.ReceiveResult().Status);
    }

    [TestMethod]
    public async Task FFP_TARGETS_13_2_The_logout_of_a_session_closes_all_its_connections()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, [.. Solicited, Many]), second = server.Join(first, 2);
        BeginWrite(first, 1024);
        BeginWrite(second, 1024);
        Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.CloseSession, 0));
        Assert.IsTrue(first.IsClosedByTarget());
        Assert.IsTrue(second.IsClosedByTarget());
    }

    [TestMethod]
    public async Task FFP_TARGETS_13_3_The_logout_of_a_connection_that_is_not_there_says_so_and_closes_none()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, [.. Solicited, Many]), second = server.Join(first, 2);
        Assert.AreEqual(LogoutResponse.CidNotFound, first.Logout(LogoutReason.CloseConnection, 77));
        Assert.AreEqual(0, first.Read(0, 1).Status);
        Assert.AreEqual(0, second.Read(0, 1).Status);
    }

    [TestMethod]
    [DataRow(0, true, DisplayName = "15.1.1")]
    [DataRow(0, false, DisplayName = "15.1.2")]
    [DataRow(300, false, DisplayName = "15.1.3")]
    [DataRow(300, true, DisplayName = "15.1.4")]
    [DataRow(262144, true, DisplayName = "15.1.5")]
    [DataRow(262144, false, DisplayName = "15.1.6")]
    public async Task FFP_TARGETS_15_1_A_ping_comes_back_with_its_data_as_far_as_the_initiator_takes_it(int lengthBytes, bool immediate)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxRecvDataSegmentLength", "1024"));
        byte[] data = new byte[lengthBytes], ping = initiator.NewHeader(Opcode.NopOut, immediate);
        new Random(1).NextBytes(data);
        new BasicHeader(ping).TargetTransferTag = BasicHeader.ReservedTag;
        initiator.Send(ping, data);
        ReceivedPdu answer = initiator.Receive(Opcode.NopIn);
        Assert.AreEqual((Tag(ping), BasicHeader.ReservedTag), (answer.Basic.InitiatorTaskTag, answer.Basic.TargetTransferTag));
        Assert.IsTrue(data.AsSpan(0, Math.Min(lengthBytes, 1024)).SequenceEqual(answer.Data));
        initiator.Send(initiator.CommandHeader(new byte[16]));
        Assert.AreEqual(answer.Basic.StatSN + 1, initiator.Receive(Opcode.ScsiResponse).Basic.StatSN);
    }

    [TestMethod]
    public async Task FFP_TARGETS_15_2_A_silent_initiator_is_pinged_and_the_ping_takes_no_StatSN()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { PingInterval = TimeSpan.FromMilliseconds(200), PingTimeout = TimeSpan.FromMinutes(1) });
        using ScriptedInitiator initiator = server.LogIn();
        ReceivedPdu ping = initiator.Receive(Opcode.NopIn);
        Assert.AreEqual(BasicHeader.ReservedTag, ping.Basic.InitiatorTaskTag);
        Assert.AreNotEqual(BasicHeader.ReservedTag, ping.Basic.TargetTransferTag);
        Assert.IsEmpty(ping.Data);
        byte[] answer = initiator.NewHeader(Opcode.NopOut, immediate: true);
        BasicHeader header = new(answer) { InitiatorTaskTag = BasicHeader.ReservedTag, TargetTransferTag = ping.Basic.TargetTransferTag };
        initiator.Send(header.Bytes.ToArray());
        initiator.Send(initiator.CommandHeader(new byte[16]));
        ReceivedPdu response;
        do response = initiator.TryReceive()!;
        while (response.Opcode == Opcode.NopIn);
        Assert.AreEqual(ping.Basic.StatSN, response.Basic.StatSN);
    }

    [TestMethod]
    public async Task FFP_TARGETS_15_3_A_window_that_opens_again_is_told_and_takes_no_StatSN()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { CommandWindow = 4 });
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        for (int i = 0; i < 4; i++) initiator.Send(WriteHeader(initiator, 512));
        for (int i = 0; i < 4; i++) initiator.Receive(Opcode.ReadyToTransfer);
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(initiator.ExpCmdSN - 1, initiator.MaxCmdSN, "closed");
        // Another session resets the unit: the commands here end without a response, so that nothing but a NOP-In can tell.
        using ScriptedInitiator other = server.LogIn(5);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, other.Manage(TaskManagementFunction.LogicalUnitReset));
        uint statSN = initiator.ExpStatSN;
        ReceivedPdu told = initiator.Receive(Opcode.NopIn);
        Assert.AreEqual((BasicHeader.ReservedTag, BasicHeader.ReservedTag), (told.Basic.InitiatorTaskTag, told.Basic.TargetTransferTag));
        Assert.IsEmpty(told.Data);
        Assert.AreEqual(statSN, told.Basic.StatSN);
        Assert.AreEqual(4u, told.Basic.MaxCmdSN - told.Basic.ExpCmdSN + 1);
        initiator.Send(initiator.CommandHeader(new byte[16]));
        Assert.AreEqual(statSN, initiator.Receive(Opcode.ScsiResponse).Basic.StatSN);
    }
}

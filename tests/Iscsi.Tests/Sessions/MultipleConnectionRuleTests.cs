using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>The rules of RFC 7143 for sessions of several connections, by clause.</summary>
[TestClass]
public class MultipleConnectionRuleTests
{
    private static readonly (string, string) Many = ("MaxConnections", "4"), NoImmediate = ("ImmediateData", "No");

    [TestMethod]
    public async Task RFC7143_4_2_5_1_All_of_a_command_comes_by_its_connection_and_its_data_is_taken_there_only()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many, NoImmediate), second = server.Join(first, 2);
        byte[] write = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        uint tag = new BasicHeader(write).InitiatorTaskTag;
        second.Send(write);
        uint transfer = second.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        first.SendDataOut(tag, transfer, Enumerable.Repeat((byte)1, 4096).ToArray(), 0, 4096, 4096);
        TaskManagementTests.Ping(first);
        TaskManagementTests.Ping(second);
        second.SendDataOut(tag, transfer, Enumerable.Repeat((byte)2, 4096).ToArray(), 0, 4096, 4096);
        Assert.AreEqual(0, second.ReceiveResult().Status);
        Assert.AreEqual(2, first.Read(0, 8).Data[0]);
    }

    [TestMethod]
    public async Task RFC7143_4_2_2_2_StatSN_counts_on_each_connection_and_4_2_2_1_CmdSN_over_all()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        uint before = Pong(second).StatSN;
        for (int i = 0; i < 5; i++) Assert.AreEqual(0, first.Read(0, 1).Status);
        (uint statSN, uint expCmdSN) = Pong(second);
        Assert.AreEqual(before + 1, statSN);
        Assert.AreEqual(first.CmdSN, expCmdSN);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        Assert.AreEqual(first.CmdSN, Pong(first).ExpCmdSN);
    }

    [TestMethod]
    public async Task RFC7143_11_5_1_ABORT_TASK_by_another_connection_leaves_a_task_alone()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        server.Medium.Hold();
        byte[] read = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        second.Send(read);
        await server.Medium.WhenHeldAsync();
        TaskManagementTests.SendFunction(first, TaskManagementFunction.AbortTask, read);
        Assert.AreEqual(TaskManagementResponse.TaskDoesNotExist, TaskManagementTests.ReceiveFunction(first));
        server.Medium.LetGo();
        Assert.AreEqual(512, second.ReceiveResult().Data.Length);
    }

    [TestMethod]
    public async Task RFC7143_11_14_The_logout_of_a_connection_is_answered_when_its_commands_are_gone_and_gives_their_places_back()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { CommandWindow = 8 });
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        server.Medium.Hold();
        for (int i = 0; i < 8; i++) second.Send(second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, i, 1), 512, read: true));
        TaskManagementTests.Ping(second);
        byte[] logout = first.NewHeader(Opcode.LogoutRequest, immediate: true);
        LogoutRequestHeader header = new(logout) { Reason = LogoutReason.CloseConnection, ConnectionId = 2 };
        first.Send(header.Basic.Bytes.ToArray());
        Assert.IsTrue(second.IsClosedByTarget());
        TaskManagementTests.Ping(first);
        server.Medium.LetGo();
        Assert.AreEqual((byte)LogoutResponse.Closed, new CodeResponseHeader(first.Receive(Opcode.LogoutResponse).Header).Code);
        using ScriptedInitiator again = server.Join(first, 2);
        for (int i = 0; i < 20; i++) Assert.AreEqual(0, (i % 2 == 0 ? first : again).Read(0, 1).Status);
    }

    [TestMethod]
    public async Task RFC7143_4_2_2_1_What_a_lost_connection_had_kept_before_its_turn_is_taken_by_another()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        byte[] missing = first.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        byte[] kept = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        second.Send(kept, Enumerable.Repeat((byte)1, 512).ToArray());
        TaskManagementTests.Ping(second);
        second.Dispose();
        Assert.AreEqual(AsyncEvent.ConnectionDropped, new AsyncMessageHeader(first.Receive(Opcode.AsyncMessage).Header).Event);
        first.Send(kept, Enumerable.Repeat((byte)2, 512).ToArray());
        TaskManagementTests.Ping(first);
        first.Send(missing, Enumerable.Repeat((byte)3, 512).ToArray());
        Assert.AreEqual(0, first.ReceiveResult().Status);
        Assert.AreEqual(0, first.ReceiveResult().Status);
        Assert.AreEqual(2, first.Read(0, 1).Data[0]);
    }

    [TestMethod]
    public async Task RFC7143_4_2_3_3_Commands_before_a_function_end_also_when_its_connection_is_lost_before_they_come()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        byte[] late = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        TaskManagementTests.SendFunction(first, TaskManagementFunction.AbortTaskSet);
        TaskManagementTests.Ping(first);
        first.Dispose();
        Assert.AreEqual(AsyncEvent.ConnectionDropped, new AsyncMessageHeader(second.Receive(Opcode.AsyncMessage).Header).Event);
        second.Send(late, Enumerable.Repeat((byte)9, 512).ToArray());
        Assert.AreEqual(0, second.Read(0, 1).Data[0], "the write has not been done, and its place in the order is used up");
    }

    private static (uint StatSN, uint ExpCmdSN) Pong(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.NewHeader(Opcode.NopOut, immediate: true), "hello"u8);
        uint statSN = initiator.Receive(Opcode.NopIn).Basic.StatSN;
        return (statSN, initiator.ExpCmdSN);
    }
}

using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>TaskReporting: response fences (RFC 7143 4.2.2.3) and fast aborts of many tasks (4.2.3.4).</summary>
[TestClass]
public class TaskReportingTests
{
    private static readonly (string, string) Many = ("MaxConnections", "8");
    private static readonly (string, string) Fences = ("TaskReporting", "ResponseFence,RFC3720"), Fast = ("TaskReporting", "FastAbort,ResponseFence,RFC3720");

    [TestMethod]
    [DataRow("ResponseFence,RFC3720", "0")]
    [DataRow("FastAbort", "0")]
    [DataRow("ResponseFence", "1")]
    [DataRow("FastAbort", "2")]
    public async Task The_answer_to_an_abort_of_many_tasks_waits_for_all_acknowledgements_and_later_responses_wait_for_its_own(string reporting, string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many, ("TaskReporting", reporting), ("ErrorRecoveryLevel", level)), second = server.Join(first, 2);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        SendFunction(first, TaskManagementFunction.AbortTaskSet);
        ReceivedPdu question = ReceiveQuestion(second);
        TaskManagementTests.Ping(first);
        AnswerQuestion(second, question);
        Assert.AreEqual((byte)TaskManagementResponse.FunctionComplete, new CodeResponseHeader(first.Receive(Opcode.TaskManagementResponse).Header).Code);
        question = ReceiveQuestion(first);
        second.Send(second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 8), 4096, read: true));
        byte[] write = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        second.Send(write, Enumerable.Repeat((byte)7, 512).ToArray());
        TaskManagementTests.Ping(second);
        AnswerQuestion(first, question);
        Assert.AreEqual(4096, second.ReceiveResult().Data.Length);
        Assert.AreEqual(0, second.ReceiveResult().Status);
        Assert.AreEqual(7, second.Read(0, 1).Data[0]);
    }

    [TestMethod]
    public async Task Without_TaskReporting_and_on_a_single_connection_nothing_waits()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1, Many), second = server.Join(first, 2), alone = server.LogIn(2, Fences);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.AbortTaskSet));
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, alone.Manage(TaskManagementFunction.AbortTaskSet));
        Assert.AreEqual(0, alone.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task The_unit_attention_that_an_abort_leaves_is_fenced_in_other_sessions()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1, Many, Fences), second = server.Join(first, 2), stranger = server.LogIn(2);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, stranger.Manage(TaskManagementFunction.LogicalUnitReset));
        first.Send(first.CommandHeader(new byte[16]));
        AnswerQuestion(second, ReceiveQuestion(second));
        Assert.AreEqual(0x062903, first.ReceiveResult().SenseCode);
        ReceivedPdu question = ReceiveQuestion(first);
        second.Send(second.CommandHeader(new byte[16]));
        TaskManagementTests.Ping(second);
        AnswerQuestion(first, question);
        Assert.AreEqual(0, second.ReceiveResult().Status);
    }

    [TestMethod]
    public async Task PREEMPT_AND_ABORT_is_fenced()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1, Many, Fences), second = server.Join(first, 2), stranger = server.LogIn(2);
        Assert.AreEqual(0, Reserve(first, 0, 0, 1).Status);
        Assert.AreEqual(0, Reserve(stranger, 0, 0, 2).Status);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        byte[] header = first.CommandHeader([0x5F, 5, 1, 0, 0, 0, 0, 0, 24], 24, write: true);
        first.Send(header, Keys(1, 2));
        AnswerQuestion(second, ReceiveQuestion(second));
        Assert.AreEqual(0, first.ReceiveResult().Status);
        AnswerQuestion(first, ReceiveQuestion(first));
        Assert.AreEqual(0x062A05, stranger.Read(0, 1).SenseCode);
    }

    [TestMethod]
    public async Task A_fence_falls_with_the_connection_it_waits_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many, Fences), second = server.Join(first, 2), third = server.Join(first, 3);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        SendFunction(first, TaskManagementFunction.AbortTaskSet);
        // Not even its login has been acknowledged.
        AnswerQuestion(third, ReceiveQuestion(third));
        ReceiveQuestion(second);
        second.Dispose();
        // The connection it waited for is gone; that of the response is the next to go.
        ReceivedPdu pdu = first.TryReceive()!;
        if (pdu.Opcode == Opcode.AsyncMessage) pdu = first.TryReceive()!;
        Assert.AreEqual(Opcode.TaskManagementResponse, pdu.Opcode);
        third.Send(third.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true));
        first.Dispose();
        // Beside the data, in any order, it is told of the other two, at most.
        do pdu = third.TryReceive()!;
        while (pdu.Opcode is Opcode.AsyncMessage);
        Assert.AreEqual(Opcode.DataIn, pdu.Opcode);
    }

    [TestMethod]
    public async Task A_command_whose_response_is_held_back_can_be_aborted()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many, Fences), second = server.Join(first, 2);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        SendFunction(first, TaskManagementFunction.AbortTaskSet);
        AnswerQuestion(second, ReceiveQuestion(second));
        first.Receive(Opcode.TaskManagementResponse);
        ReceivedPdu question = ReceiveQuestion(first);
        byte[] read = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        second.Send(read);
        SendFunction(second, TaskManagementFunction.AbortTask, new BasicHeader(read).InitiatorTaskTag);
        TaskManagementTests.Ping(second);
        AnswerQuestion(first, question);
        Assert.AreEqual((byte)TaskManagementResponse.FunctionComplete, new CodeResponseHeader(second.Receive(Opcode.TaskManagementResponse).Header).Code);
        Assert.AreEqual(0, second.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task The_answers_of_a_reassignment_and_of_its_task_wait_behind_a_fence()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Target.Luns.Add(1, new LogicalUnit(server.Medium, new() { Identity = Guid.NewGuid() }));
        using ScriptedInitiator first = server.LogIn(null, Many, Fences, ("ErrorRecoveryLevel", "2")), second = server.Join(first, 2);
        using ScriptedInitiator third = server.Join(first, 3), fourth = server.Join(first, 4);
        server.Medium.Hold();
        byte[] read = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 8), 4096, read: true);
        second.Send(read);
        await server.Medium.WhenHeldAsync();
        second.Dispose();
        Assert.AreEqual(AsyncEvent.ConnectionDropped, new AsyncMessageHeader(first.Receive(Opcode.AsyncMessage).Header).Event);
        server.Medium.LetGo();
        SendFunction(first, TaskManagementFunction.AbortTaskSet, lun: 1);
        ReceivedPdu question = ReceiveQuestion(fourth);
        ReceiveQuestion(third);
        third.Send(Unh.RecoveryRequests.Reassign(third, new BasicHeader(read).InitiatorTaskTag));
        // The thread of the lost connection ends with its last task, and the first one has said by its pong that it has none such.
        await server.Server.Context.Connections.WhenAtMostAsync(3).WaitAsync(TimeSpan.FromSeconds(30));
        TaskManagementTests.Ping(first);
        TaskManagementTests.Ping(third);
        AnswerQuestion(fourth, question);
        first.Receive(Opcode.TaskManagementResponse);
        AnswerQuestion(first, ReceiveQuestion(first));
        Assert.AreEqual((byte)TaskManagementResponse.FunctionComplete, new CodeResponseHeader(third.Receive(Opcode.TaskManagementResponse).Header).Code);
        Assert.AreEqual(4096, third.ReceiveResult().Data.Length);
    }

    [TestMethod]
    public async Task A_fast_abort_tells_every_other_connection_once_for_each_unit_and_drops_the_data_that_is_on_its_way()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Target.Luns.Add(1, new LogicalUnit(server.Medium, new() { Identity = Guid.NewGuid() }));
        using ScriptedInitiator first = server.LogIn(1, Many, Fast), second = server.Join(first, 2), fast = server.LogIn(2, Fast), plain = server.LogIn(3), idle = server.LogIn(4, Fast);
        fast.ClearUnitAttention(1);
        BeginWrite(first, 0);
        (uint Tag, uint Transfer)[] begun = [BeginWrite(second, 0), BeginWrite(fast, 0), BeginWrite(fast, 1), BeginWrite(plain, 0)];
        SendFunction(first, TaskManagementFunction.TargetWarmReset);
        Assert.AreEqual(0, ReceiveTermination(second));
        CollectionAssert.AreEquivalent(new[] { 0, 1 }, new[] { ReceiveTermination(fast), ReceiveTermination(fast) });
        // The acknowledgement of the event, which on the connection beside lets the answer go, and then data that was under way.
        AnswerQuestion(second, ReceiveQuestion(second));
        first.Receive(Opcode.TaskManagementResponse);
        AnswerQuestion(first, ReceiveQuestion(first));
        foreach ((ScriptedInitiator one, int index) in new[] { (second, 0), (fast, 1), (fast, 2), (plain, 3) })
            one.SendDataOut(begun[index].Tag, begun[index].Transfer, Enumerable.Repeat((byte)9, 4096).ToArray(), 0, 4096, 4096, lun: index == 2 ? 1 : 0);
        foreach (ScriptedInitiator one in new[] { second, fast, plain, idle }) TaskManagementTests.Ping(one);
        Assert.AreEqual(0x062902, fast.Read(0, 1).SenseCode);
        Assert.AreEqual(0x062902, plain.Read(0, 1).SenseCode);
        Assert.AreEqual(0, plain.Read(0, 8).Data[0], "no aborted write has been done");
    }

    private static (uint Tag, uint Transfer) BeginWrite(ScriptedInitiator initiator, int lun)
    {
        byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true, lun: lun);
        initiator.Send(write);
        return (new BasicHeader(write).InitiatorTaskTag, initiator.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag);
    }

    private static void SendFunction(ScriptedInitiator initiator, TaskManagementFunction function, uint referencedTag = BasicHeader.ReservedTag, int lun = 0)
    {
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader header = new(bytes) { Function = function, ReferencedTaskTag = referencedTag };
        header.Basic.SetUInt16(8, (ushort)lun);
        initiator.Send(header.Basic.Bytes.ToArray());
    }

    private static int ReceiveTermination(ScriptedInitiator initiator)
    {
        AsyncMessageHeader header = new(initiator.Receive(Opcode.AsyncMessage).Header);
        Assert.AreEqual(AsyncEvent.TasksTerminated, header.Event);
        return (int)(header.Basic.Lun >> 48);
    }

    /// <summary>The NOP-In by which the target asks for an acknowledgement.</summary>
    private static ReceivedPdu ReceiveQuestion(ScriptedInitiator initiator)
    {
        ReceivedPdu pdu = initiator.Receive(Opcode.NopIn);
        Assert.AreNotEqual(BasicHeader.ReservedTag, pdu.Basic.TargetTransferTag);
        return pdu;
    }

    private static void AnswerQuestion(ScriptedInitiator initiator, ReceivedPdu question)
    {
        byte[] bytes = initiator.NewHeader(Opcode.NopOut, immediate: true);
        BasicHeader header = new(bytes) { InitiatorTaskTag = BasicHeader.ReservedTag, TargetTransferTag = question.Basic.TargetTransferTag };
        initiator.Send(header.Bytes.ToArray());
    }

    private static CommandResult Reserve(ScriptedInitiator initiator, byte action, ulong key, ulong serviceKey)
    {
        initiator.Send(initiator.CommandHeader([0x5F, action, 0, 0, 0, 0, 0, 0, 24], 24, write: true), Keys(key, serviceKey));
        return initiator.ReceiveResult();
    }

    private static byte[] Keys(ulong key, ulong serviceKey)
    {
        byte[] parameters = new byte[24];
        parameters[7] = (byte)key;
        parameters[15] = (byte)serviceKey;
        return parameters;
    }
}

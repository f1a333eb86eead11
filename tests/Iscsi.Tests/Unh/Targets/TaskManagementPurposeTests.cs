using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.Targets.TargetSuite;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>Group 11 of the suite: task management (RFC 7143 11.5, 11.6).</summary>
[TestClass]
public class TaskManagementPurposeTests
{
    [TestMethod]
    public async Task FFP_TARGETS_11_1_An_immediate_command_and_an_immediate_function_are_taken_beside_a_command()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Solicited);
        byte[] first = WriteHeader(initiator, 1024);
        initiator.Send(first);
        uint firstTransfer = initiator.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        byte[] second = WriteHeader(initiator, 1024);
        new BasicHeader(second).Immediate = true;
        initiator.CmdSN--;
        initiator.Send(second);
        uint secondTransfer = initiator.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        TaskManagementTests.SendFunction(initiator, TaskManagementFunction.AbortTask, first);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(initiator));
        initiator.SendDataOut(Tag(first), firstTransfer, Enumerable.Repeat((byte)1, 1024).ToArray(), 0, 1024, 512);
        TaskManagementTests.Ping(initiator);
        initiator.SendDataOut(Tag(second), secondTransfer, Enumerable.Repeat((byte)2, 1024).ToArray(), 0, 1024, 512);
        ReceivedPdu response = initiator.Receive(Opcode.ScsiResponse);
        Assert.AreEqual((Tag(second), (byte)0), (response.Basic.InitiatorTaskTag, new ScsiResponseHeader(response.Header).Status));
        Assert.AreEqual(2, server.Medium.Bytes[0]);
    }

    [TestMethod]
    [DataRow(true, DisplayName = "11.2.1 after a logout")]
    [DataRow(false, DisplayName = "11.2.3 after the connection was dropped")]
    public async Task FFP_TARGETS_11_2_A_read_is_reassigned_to_the_connection_that_asks(bool logout)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, [.. Solicited, Level2, Many]), second = server.Join(first, 2);
        byte[] read = ReadHeader(second, 8192);
        second.Send(read);
        second.Receive(Opcode.DataIn);
        if (logout)
        {
            Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.RemoveConnectionForRecovery, 2));
        }
        else
        {
            second.Dispose();
            Assert.AreEqual(AsyncEvent.ConnectionDropped, new AsyncMessageHeader(first.Receive(Opcode.AsyncMessage).Header).Event);
        }
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.TaskReassign, Tag(read)));
        Assert.AreEqual(8192, first.ReceiveResult().Data.Length);
    }

    [TestMethod]
    public async Task FFP_TARGETS_11_2_2_A_task_whose_connection_lives_is_not_reassigned()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, [.. Solicited, Level2, Many]), second = server.Join(first, 2);
        server.Medium.Hold();
        byte[] read = ReadHeader(second, 1024);
        second.Send(read);
        await server.Medium.WhenHeldAsync();
        Assert.AreEqual(TaskManagementResponse.TaskStillAllegiant, first.Manage(TaskManagementFunction.TaskReassign, Tag(read)));
        server.Medium.LetGo();
        Assert.AreEqual(1024, second.ReceiveResult().Data.Length);
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("1")]
    public async Task FFP_TARGETS_11_3_1_Nothing_of_a_task_comes_after_the_answer_to_ABORT_TASK_SET(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ErrorRecoveryLevel", level));
        server.Medium.Hold();
        initiator.Send(ReadHeader(initiator, 8192));
        await server.Medium.WhenHeldAsync();
        TaskManagementTests.SendFunction(initiator, TaskManagementFunction.AbortTaskSet);
        TaskManagementTests.Ping(initiator);
        server.Medium.LetGo();
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(initiator));
        // The next request has the CmdSN that the immediate function named.
        initiator.Send(initiator.NewHeader(Opcode.NopOut));
        initiator.Receive(Opcode.NopIn);
    }

    [TestMethod]
    public async Task FFP_TARGETS_11_3_2_ABORT_TASK_SET_ends_a_command_that_comes_after_it_by_another_connection()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        server.Medium.Hold();
        first.Send(ReadHeader(first, 8192));
        await server.Medium.WhenHeldAsync();
        byte[] late = ReadHeader(second, 8192);
        TaskManagementTests.SendFunction(first, TaskManagementFunction.AbortTaskSet);
        TaskManagementTests.Ping(first);
        second.Send(late);
        server.Medium.LetGo();
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(first));
        first.Send(first.NewHeader(Opcode.NopOut));
        first.Receive(Opcode.NopIn);
        TaskManagementTests.Ping(second);
    }

    [TestMethod]
    public async Task FFP_TARGETS_11_3_3_A_task_that_is_not_there_and_cannot_come_any_more_does_not_exist()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        server.Medium.Hold();
        byte[] read = ReadHeader(initiator, 1024);
        initiator.Send(read);
        await server.Medium.WhenHeldAsync();
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader abort = new(bytes) { Function = TaskManagementFunction.AbortTask, ReferencedTaskTag = Tag(read) + 1000, RefCmdSN = initiator.CmdSN - 1000 };
        initiator.Send(abort.Basic.Bytes.ToArray());
        Assert.AreEqual(TaskManagementResponse.TaskDoesNotExist, TaskManagementTests.ReceiveFunction(initiator));
        server.Medium.LetGo();
        Assert.AreEqual(1024, initiator.ReceiveResult().Data.Length);
        initiator.Send(initiator.NewHeader(Opcode.NopOut));
        initiator.Receive(Opcode.NopIn);
    }

    [TestMethod]
    [DataRow(TaskManagementFunction.TargetWarmReset, DisplayName = "11.4")]
    [DataRow(TaskManagementFunction.TargetColdReset, DisplayName = "11.5")]
    public async Task FFP_TARGETS_11_4_and_11_5_A_reset_of_the_target_ends_all_tasks_and_a_cold_one_the_connection(object function)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, Level1);
        server.Medium.Hold();
        initiator.Send(ReadHeader(initiator, 1024));
        await server.Medium.WhenHeldAsync();
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest);
        TaskManagementRequestHeader reset = new(bytes) { Function = (TaskManagementFunction)function, ReferencedTaskTag = BasicHeader.ReservedTag };
        initiator.Send(reset.Basic.Bytes.ToArray());
        TaskManagementTests.Ping(initiator);
        server.Medium.LetGo();
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(initiator));
        if ((TaskManagementFunction)function == TaskManagementFunction.TargetColdReset) Assert.IsTrue(initiator.IsDroppedByTarget());
        else TaskManagementTests.Ping(initiator);
    }
}

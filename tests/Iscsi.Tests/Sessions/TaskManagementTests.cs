using System.Buffers.Binary;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Task management: a response comes only when the tasks are gone, on every connection.</summary>
[TestClass]
public class TaskManagementTests
{
    [TestMethod]
    public async Task Abort_task_answers_when_the_task_is_gone_and_the_task_never_answers()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        server.Medium.Hold();
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 8), 4096, read: true);
        initiator.Send(command);
        await server.Medium.WhenHeldAsync();
        SendFunction(initiator, TaskManagementFunction.AbortTask, command);
        // The task is still on its medium: a ping is answered, the function is not.
        Ping(initiator);
        server.Medium.LetGo();
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(initiator));
        Assert.AreEqual(0, initiator.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task A_task_that_waits_for_data_is_aborted_at_once()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", "No"));
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        initiator.Send(command);
        ReceivedPdu r2t = initiator.Receive(Opcode.ReadyToTransfer);
        SendFunction(initiator, TaskManagementFunction.AbortTask, command);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(initiator));
        initiator.SendDataOut(r2t.Basic.InitiatorTaskTag, r2t.Basic.TargetTransferTag, new byte[4096], 0, 4096, 4096);
        Assert.AreEqual(0, initiator.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task A_task_that_does_not_exist_is_said_so_and_one_on_its_way_counts_as_aborted()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] done = initiator.CommandHeader(new byte[16]);
        initiator.Send(done);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        SendFunction(initiator, TaskManagementFunction.AbortTask, done);
        Assert.AreEqual(TaskManagementResponse.TaskDoesNotExist, ReceiveFunction(initiator));
        // This one got lost: its CmdSN is counted as received, so that later commands are not held up.
        byte[] lost = initiator.CommandHeader(new byte[16]);
        SendFunction(initiator, TaskManagementFunction.AbortTask, lost);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(initiator));
        Assert.AreEqual(0, initiator.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task Logical_unit_reset_waits_for_tasks_of_other_sessions_and_tells_them()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1), second = server.LogIn(2);
        server.Medium.Hold();
        byte[] command = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 8), 4096, read: true);
        second.Send(command);
        await server.Medium.WhenHeldAsync();
        SendFunction(first, TaskManagementFunction.LogicalUnitReset);
        Ping(first);
        server.Medium.LetGo();
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(first));
        // The task of the second session is gone without an answer, and its next command hears of the reset.
        second.Send(second.CommandHeader(new byte[16]));
        CommandResult next = second.ReceiveResult();
        Assert.AreEqual((2, 0x0629), (next.Status, next.SenseCode >> 8));
        Assert.AreEqual(0, second.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task Preempt_and_abort_answers_when_the_tasks_of_the_preempted_session_are_gone()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1), second = server.LogIn(2);
        Assert.AreEqual(0, ReserveOut(first, 0x00, 0, 1).Status);
        Assert.AreEqual(0, ReserveOut(second, 0x00, 0, 2).Status);
        Assert.AreEqual(0, ReserveOut(second, 0x01, 2, 0).Status);
        server.Medium.Hold();
        byte[] read = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 8), 4096, read: true);
        second.Send(read);
        await server.Medium.WhenHeldAsync();
        SendReserveOut(first, 0x05, 1, 2);
        // The read is still on its medium: a ping is answered, the command is not.
        Ping(first);
        server.Medium.LetGo();
        Assert.AreEqual(0, first.ReceiveResult().Status);
        second.Send(second.CommandHeader(new byte[16]));
        CommandResult next = second.ReceiveResult();
        Assert.AreEqual((2, 0x062A05), (next.Status, next.SenseCode), "no answer to the read, but REGISTRATIONS PREEMPTED");
    }

    private static CommandResult ReserveOut(ScriptedInitiator initiator, byte action, long key, long actionKey)
    {
        SendReserveOut(initiator, action, key, actionKey);
        return initiator.ReceiveResult();
    }

    private static void SendReserveOut(ScriptedInitiator initiator, byte action, long key, long actionKey)
    {
        byte[] cdb = [0x5F, action, 0x05, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0];
        if (action == 0) cdb[2] = 0;
        byte[] list = new byte[24];
        BinaryPrimitives.WriteInt64BigEndian(list, key);
        BinaryPrimitives.WriteInt64BigEndian(list.AsSpan(8), actionKey);
        initiator.Send(initiator.CommandHeader(cdb, 24, write: true), list);
    }

    [TestMethod]
    public async Task Functions_that_are_not_offered_or_lack_their_lun_say_so()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        SendFunction(initiator, TaskManagementFunction.ClearAca);
        Assert.AreEqual(TaskManagementResponse.NotSupported, ReceiveFunction(initiator));
        SendFunction(initiator, TaskManagementFunction.TaskReassign);
        Assert.AreEqual(TaskManagementResponse.ReassignmentNotSupported, ReceiveFunction(initiator));
        SendFunction(initiator, TaskManagementFunction.LogicalUnitReset, lun: 7);
        Assert.AreEqual(TaskManagementResponse.LunDoesNotExist, ReceiveFunction(initiator));
        SendFunction(initiator, TaskManagementFunction.AbortTaskSet);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(initiator));
        SendFunction(initiator, TaskManagementFunction.ClearTaskSet);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(initiator));
        SendFunction(initiator, TaskManagementFunction.TargetWarmReset);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(initiator));
    }

    [TestMethod]
    public async Task Target_cold_reset_ends_every_session()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1), second = server.LogIn(2);
        SendFunction(first, TaskManagementFunction.TargetColdReset);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, ReceiveFunction(first));
        Assert.IsTrue(first.IsDroppedByTarget());
        Assert.IsTrue(second.IsDroppedByTarget());
        using ScriptedInitiator again = server.LogIn(1);
        Assert.AreEqual(0, again.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task An_ordered_command_waits_for_earlier_ones_and_later_ones_wait_for_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        server.Medium.Hold();
        byte[] data = new byte[512];
        Send(1, 0, TaskAttributeSimple);
        await server.Medium.WhenHeldAsync();
        Send(2, 0, TaskAttributeOrdered);
        Send(3, 0, TaskAttributeSimple);
        Ping(initiator);
        Assert.AreEqual(1, server.Medium.Waiting);
        server.Medium.LetGo();
        for (int i = 0; i < 3; i++) Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.AreEqual(3, server.Medium.Bytes[0]);

        void Send(byte fill, long lba, byte attribute)
        {
            data.AsSpan().Fill(fill);
            byte[] header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, lba, 1), 512, write: true);
            ScsiCommandHeader view = new(header) { Attribute = attribute };
            _ = view;
            initiator.Send(header, data);
        }
    }

    private const byte TaskAttributeSimple = 1, TaskAttributeOrdered = 2;

    internal static void SendFunction(ScriptedInitiator initiator, TaskManagementFunction function, byte[]? referenced = null, int lun = 0)
    {
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader header = new(bytes) { Function = function, ReferencedTaskTag = BasicHeader.ReservedTag };
        header.Basic.SetUInt16(8, (ushort)lun);
        if (referenced is not null)
        {
            BasicHeader other = new(referenced);
            header.Basic.SetUInt32(20, other.InitiatorTaskTag);
            header.Basic.SetUInt32(32, other.CmdSN);
        }
        initiator.Send(bytes);
    }

    internal static TaskManagementResponse ReceiveFunction(ScriptedInitiator initiator) =>
        (TaskManagementResponse)new CodeResponseHeader(initiator.Receive(Opcode.TaskManagementResponse).Header).Code;

    /// <summary>A ping whose answer comes behind R2Ts.</summary>
    internal static void PingPast(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.NewHeader(Opcode.NopOut, immediate: true), "hello"u8);
        ReceivedPdu pdu;
        do pdu = initiator.TryReceive() ?? throw new InvalidOperationException("The target closed the connection.");
        while (pdu.Opcode == Opcode.ReadyToTransfer);
        Assert.AreEqual(Opcode.NopIn, pdu.Opcode);
    }

    internal static void Ping(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.NewHeader(Opcode.NopOut, immediate: true), "hello"u8);
        Assert.AreEqual(5, initiator.Receive(Opcode.NopIn).Data.Length);
    }
}

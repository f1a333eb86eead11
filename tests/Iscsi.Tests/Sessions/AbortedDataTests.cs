using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Data that a host was asked for before a function ended its tasks (RFC 7143 4.2.3.3, 4.2.3.4): who waits for it, and how long.</summary>
[TestClass]
public class AbortedDataTests
{
    private static readonly (string, string) NoImmediate = ("ImmediateData", "No"), Many = ("MaxConnections", "4");

    [TestMethod]
    [DataRow(TaskManagementFunction.AbortTaskSet, "0")]
    [DataRow(TaskManagementFunction.ClearTaskSet, "0")]
    [DataRow(TaskManagementFunction.LogicalUnitReset, "0")]
    [DataRow(TaskManagementFunction.TargetWarmReset, "0")]
    [DataRow(TaskManagementFunction.TargetColdReset, "0")]
    [DataRow(TaskManagementFunction.AbortTaskSet, "1")]
    [DataRow(TaskManagementFunction.AbortTaskSet, "2")]
    public async Task A_function_that_ends_many_tasks_waits_for_the_answer_to_each_R2T(object function, string level)
    {
        await using TestServer server = await StartAsync(TimeSpan.FromHours(1));
        using ScriptedInitiator initiator = server.LogIn(
            null, NoImmediate, ("MaxBurstLength", "4096"), ("MaxOutstandingR2T", "2"), ("ErrorRecoveryLevel", level));
        byte[] data = Enumerable.Repeat((byte)9, 4 * 4096).ToArray();
        List<(uint Tag, ReceivedPdu Request)> open = [];
        for (int i = 0; i < 2; i++)
        {
            byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 32), data.Length, write: true);
            initiator.Send(write);
            // Where lost PDUs are asked for again, one R2T of a command is outstanding at a time.
            for (int r2t = 0; r2t < (level == "0" ? 2 : 1); r2t++)
                open.Add((new BasicHeader(write).InitiatorTaskTag, initiator.Receive(Opcode.ReadyToTransfer)));
        }
        TaskManagementTests.SendFunction(initiator, (TaskManagementFunction)function);
        TaskManagementTests.Ping(initiator);
        foreach ((uint tag, ReceivedPdu request) in open.SkipLast(1))
        {
            initiator.SendDataOut(tag, request.Basic.TargetTransferTag, data, (int)new ReadyToTransferHeader(request.Header).BufferOffset, 4096, 2048);
            // Neither a further R2T nor a response.
            TaskManagementTests.Ping(initiator);
        }
        // The host may end a burst early.
        (uint last, ReceivedPdu asked) = open[^1];
        initiator.SendDataOut(last, asked.Basic.TargetTransferTag, data, (int)new ReadyToTransferHeader(asked.Header).BufferOffset, 512, 512);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(initiator));
        Assert.AreEqual(0, server.Medium.Bytes[0], "nothing has been written");
    }

    [TestMethod]
    public async Task A_host_that_sends_no_data_after_the_function_has_its_answer_all_the_same_and_late_data_is_dropped()
    {
        await using TestServer server = await StartAsync(TimeSpan.FromMilliseconds(20));
        using ScriptedInitiator initiator = server.LogIn(null, NoImmediate);
        (uint tag, uint transfer) = BeginWrite(initiator);
        TaskManagementTests.SendFunction(initiator, TaskManagementFunction.LogicalUnitReset);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(initiator));
        initiator.SendDataOut(tag, transfer, Enumerable.Repeat((byte)9, 4096).ToArray(), 0, 4096, 4096);
        Assert.AreEqual(0x062903, initiator.Read(0, 1).SenseCode);
        Assert.AreEqual(0, initiator.Read(0, 1).Data[0]);
    }

    [TestMethod]
    public async Task Nobody_waits_for_data_with_FastAbort_or_of_another_session_or_for_a_single_task()
    {
        await using TestServer server = await StartAsync(TimeSpan.FromHours(1));
        using ScriptedInitiator fast = server.LogIn(1, NoImmediate, ("TaskReporting", "FastAbort")), other = server.LogIn(2, NoImmediate);
        BeginWrite(fast);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, fast.Manage(TaskManagementFunction.AbortTaskSet));
        (uint tag, _) = BeginWrite(other);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, other.Manage(TaskManagementFunction.AbortTask, tag));
        BeginWrite(other);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, fast.Manage(TaskManagementFunction.LogicalUnitReset));
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("2")]
    public async Task The_loss_of_the_connection_that_owes_data_ends_the_wait(string level)
    {
        await using TestServer server = await StartAsync(TimeSpan.FromHours(1));
        using ScriptedInitiator first = server.LogIn(null, NoImmediate, Many, ("ErrorRecoveryLevel", level)), second = server.Join(first, 2);
        BeginWrite(second);
        TaskManagementTests.SendFunction(first, TaskManagementFunction.AbortTaskSet);
        TaskManagementTests.Ping(first);
        TaskManagementTests.Ping(second);
        second.Dispose();
        ReceivedPdu pdu = first.TryReceive()!;
        if (pdu.Opcode == Opcode.AsyncMessage) pdu = first.TryReceive()!;
        Assert.AreEqual(Opcode.TaskManagementResponse, pdu.Opcode);
    }

    [TestMethod]
    public async Task Data_that_is_half_here_when_its_task_ends_is_waited_for()
    {
        await using TestServer server = await StartAsync(TimeSpan.FromHours(1));
        using ScriptedInitiator first = server.LogIn(null, NoImmediate, Many, ("MaxBurstLength", "262144")), second = server.Join(first, 2);
        byte[] write = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 512), 262144, write: true);
        second.Send(write);
        (uint tag, uint transfer) = (new BasicHeader(write).InitiatorTaskTag, second.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag);
        byte[] data = Enumerable.Repeat((byte)9, 131072).ToArray();
        foreach (int offset in new[] { 0, 131072 })
        {
            byte[] header = second.DataOutHeader(tag, transfer, offset, (uint)(offset / 131072), final: offset > 0);
            new BasicHeader(header).DataSegmentLengthBytes = data.Length;
            byte[] pdu = second.Frame(header, data);
            second.SendRaw(pdu.AsSpan(0, 70_000));
            if (offset == 0) TaskManagementTests.SendFunction(first, TaskManagementFunction.AbortTaskSet);
            TaskManagementTests.Ping(first);
            second.SendRaw(pdu.AsSpan(70_000));
        }
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(first));
        Assert.AreEqual(0, second.Read(0, 1).Data[0]);
    }

    private static Task<TestServer> StartAsync(TimeSpan timeout) => TestServer.StartAsync(options => options with { LastDataTimeout = timeout });

    private static (uint Tag, uint Transfer) BeginWrite(ScriptedInitiator initiator)
    {
        byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        initiator.Send(write);
        return (new BasicHeader(write).InitiatorTaskTag, initiator.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag);
    }
}

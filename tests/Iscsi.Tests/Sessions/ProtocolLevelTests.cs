using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>What iSCSIProtocolLevel 2 adds (RFC 7144), additional header segments, and asynchronous events of the session.</summary>
[TestClass]
public class ProtocolLevelTests
{
    private static readonly (string, string) Level2 = ("iSCSIProtocolLevel", "2"), Many = ("MaxConnections", "8");

    [TestMethod]
    public async Task Queries_find_tasks_of_all_connections_of_the_session()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1, Level2, Many), second = server.Join(first, 2), stranger = server.LogIn(2, Level2);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.QueryTaskSet));
        server.Medium.Hold();
        byte[] read = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        second.Send(read);
        await server.Medium.WhenHeldAsync();
        uint tag = new BasicHeader(read).InitiatorTaskTag;
        Assert.AreEqual(TaskManagementResponse.FunctionSucceeded, first.Manage(TaskManagementFunction.QueryTaskSet));
        Assert.AreEqual(TaskManagementResponse.FunctionSucceeded, first.Manage(TaskManagementFunction.QueryTask, tag));
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.QueryTask, tag + 50));
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, stranger.Manage(TaskManagementFunction.QueryTaskSet));
        Assert.AreEqual(TaskManagementResponse.LunDoesNotExist, first.Manage(TaskManagementFunction.QueryTaskSet, lun: 9));
        server.Medium.LetGo();
        Assert.AreEqual(0, second.ReceiveResult().Status);
    }

    [TestMethod]
    public async Task An_I_T_nexus_reset_ends_the_tasks_of_the_session_and_no_others()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(1, Level2, Many), second = server.Join(first, 2), stranger = server.LogIn(2);
        byte[] write = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        second.Send(write);
        second.Receive(Opcode.ReadyToTransfer);
        byte[] other = stranger.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 8, 8), 4096, write: true);
        stranger.Send(other);
        uint transfer = stranger.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.ITNexusReset));
        Assert.AreEqual(0x062907, first.Read(0, 1).SenseCode);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, first.Manage(TaskManagementFunction.QueryTask, new BasicHeader(write).InitiatorTaskTag));
        stranger.SendDataOut(new BasicHeader(other).InitiatorTaskTag, transfer, new byte[4096], 0, 4096, 4096);
        Assert.AreEqual(0, stranger.ReceiveResult().Status);
    }

    [TestMethod]
    public async Task A_query_of_asynchronous_events_shows_the_unit_attention_and_leaves_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        initiator.Login(TestServer.TargetName, Level2);
        Assert.AreEqual("162900", Query(initiator, TaskManagementResponse.FunctionSucceeded), "one, of key 6, code 29/00");
        initiator.ClearUnitAttention();
        Assert.AreEqual("000000", Query(initiator, TaskManagementResponse.FunctionComplete));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task Of_commands_that_wait_for_memory_the_most_urgent_goes_first(bool level2)
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnectionBufferBytes = 1 << 20 });
        using ScriptedInitiator initiator = level2 ? server.LogIn(1, Level2) : server.LogIn(1);
        uint[] tags = [.. new byte[] { 0, 15, 0, 1, 15, 1 }.Select(priority =>
        {
            byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1024), 512 << 10, write: true);
            _ = new ScsiCommandHeader(write) { Priority = priority };
            initiator.Send(write);
            return new BasicHeader(write).InitiatorTaskTag;
        })];
        List<uint> order = [];
        while (order.Count < tags.Length)
        {
            ReceivedPdu pdu = initiator.TryReceive()!;
            if (pdu.Opcode != Opcode.ReadyToTransfer) continue;
            ReadyToTransferHeader r2t = new(pdu.Header);
            uint tag = r2t.Basic.InitiatorTaskTag;
            if (!order.Contains(tag)) order.Add(tag);
            initiator.SendDataOut(tag, r2t.Basic.TargetTransferTag, new byte[512 << 10], (int)r2t.BufferOffset, (int)r2t.DesiredLength, 65536);
        }
        // The first finds memory at once. Without level 2 the field says nothing.
        int[] expected = level2 ? [0, 3, 5, 2, 1, 4] : [0, 1, 2, 3, 4, 5];
        CollectionAssert.AreEqual(expected.Select(index => tags[index]).ToArray(), order);
    }

    [TestMethod]
    public async Task Below_level_2_the_functions_of_RFC_7144_are_not_supported()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        for (TaskManagementFunction function = TaskManagementFunction.QueryTask; function <= TaskManagementFunction.QueryAsynchronousEvent; function++)
            Assert.AreEqual(TaskManagementResponse.NotSupported, initiator.Manage(function));
    }

    [TestMethod]
    public async Task Additional_headers_are_checked()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        // An extended CDB: the length of 17 more bytes and a reserved byte. No such command is offered.
        byte[] cdb = new byte[16];
        cdb[0] = 0x7F;
        SendWith(initiator, cdb, [0, 18, 1, 0, .. new byte[20]]);
        Assert.AreEqual(0x052000, initiator.ReceiveResult().SenseCode);
        // An expected bidirectional read length.
        SendWith(initiator, new byte[16], [0, 5, 2, 0, 0, 0, 2, 0]);
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        foreach (byte[] wrong in new byte[][] { [0, 5, 9, 0, 0, 0, 0, 0], [0, 200, 2, 0], [0, 18, 1, 0, .. new byte[20]], [0, 4, 2, 0, 0, 0, 0, 0] })
        {
            SendWith(initiator, new byte[16], wrong);
            Assert.AreEqual((byte)RejectReason.InvalidPduField, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        }
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task A_host_that_is_asked_to_negotiate_has_three_seconds()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator obedient = server.LogIn(1), deaf = server.LogIn(2);
        foreach (ScriptedInitiator one in new[] { obedient, deaf })
        {
            Assert.IsTrue(server.Server.RequestNegotiation(TestServer.TargetName, one.Tsih));
            AsyncMessageHeader asked = new(one.Receive(Opcode.AsyncMessage).Header);
            Assert.AreEqual(AsyncEvent.NegotiationRequested, asked.Event);
            Assert.AreEqual(3, asked.Parameter3);
        }
        byte[] text = obedient.NewHeader(Opcode.TextRequest, immediate: true);
        new BasicHeader(text).TargetTransferTag = BasicHeader.ReservedTag;
        obedient.Send(text, ScriptedInitiatorLogin.Text(("MaxRecvDataSegmentLength", "16384")));
        obedient.Receive(Opcode.TextResponse);
        Assert.IsTrue(deaf.IsClosedByTarget());
        Assert.AreEqual(0, obedient.Read(0, 1).Status);
    }

    private static string Query(ScriptedInitiator initiator, TaskManagementResponse expected)
    {
        byte[] bytes = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader header = new(bytes) { Function = TaskManagementFunction.QueryAsynchronousEvent };
        initiator.Send(header.Basic.Bytes.ToArray());
        byte[] answer = initiator.Receive(Opcode.TaskManagementResponse).Header;
        Assert.AreEqual((byte)expected, answer[2]);
        return Convert.ToHexString(answer.AsSpan(8, 3));
    }

    private static void SendWith(ScriptedInitiator initiator, byte[] cdb, byte[] additional)
    {
        byte[] header = [.. initiator.CommandHeader(cdb), .. additional];
        new BasicHeader(header.AsSpan(0, 48)).TotalAhsLengthBytes = additional.Length;
        initiator.Send(header);
    }
}

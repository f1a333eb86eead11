using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Sessions of several connections: CmdSN order across them, ORDERED commands, reinstatement, logout, loss (RFC 7143 4.2.2, 6.3).</summary>
[TestClass]
public class MultipleConnectionTests
{
    private static readonly (string, string) Many = ("MaxConnections", "16");

    [TestMethod]
    public async Task RFC7143_4_2_2_1_Eight_connections_take_commands_in_any_order_and_run_them_in_the_order_of_CmdSN()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many);
        List<ScriptedInitiator> all = [first];
        for (ushort cid = 2; cid <= 8; cid++) all.Add(server.Join(first, cid));
        Assert.AreEqual(1, server.Server.Sessions.Count);
        Assert.AreEqual(8, server.Server.Sessions.Single().Connections);
        Random random = new(7);
        for (int round = 0; round < 20; round++)
        {
            // Each overwrites the block of the one before: the last of the order must win.
            List<(ScriptedInitiator Connection, byte[] Header, byte Fill)> commands = [];
            for (int i = 0; i < 24; i++)
            {
                ScriptedInitiator one = all[random.Next(all.Count)];
                commands.Add((one, one.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true), (byte)((round * 24) + i)));
                // ORDERED, so that not only their start is in order.
                commands[^1].Header[1] = (byte)((commands[^1].Header[1] & ~7) | 2);
            }
            byte last = commands[^1].Fill;
            foreach ((ScriptedInitiator connection, byte[] header, byte fill) in commands.OrderBy(_ => random.Next()))
                connection.Send(header, Enumerable.Repeat(fill, 512).ToArray());
            foreach (ScriptedInitiator one in all)
                foreach (var _ in commands.Where(command => command.Connection == one))
                    Assert.AreEqual(0, one.ReceiveResult().Status);
            Assert.AreEqual(last, server.Medium.Bytes[0], $"round {round}");
        }
        foreach (ScriptedInitiator one in all) one.Dispose();
        await server.Server.Context.Connections.WhenAtMostAsync(0).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.AreEqual(0, server.Server.Sessions.Count);
    }

    [TestMethod]
    public async Task RFC7143_4_2_2_1_An_ORDERED_command_waits_for_those_of_other_connections_and_they_wait_for_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        server.Medium.Hold();
        byte[] early = first.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        byte[] ordered = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 1, 1), 512, read: true);
        ordered[1] = (byte)((ordered[1] & ~7) | 2);
        byte[] late = first.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 2, 1), 512, read: true);
        first.Send(early);
        await server.Medium.WhenHeldAsync();
        second.Send(ordered);
        first.Send(late);
        TaskManagementTests.Ping(first);
        TaskManagementTests.Ping(second);
        Assert.AreEqual(new BasicHeader(ordered).CmdSN, second.ExpCmdSN, "the ORDERED command is not taken while others run");
        server.Medium.LetGo();
        Assert.AreEqual(0, first.ReceiveResult().Status);
        Assert.AreEqual(0, second.ReceiveResult().Status);
        Assert.AreEqual(0, first.ReceiveResult().Status);
        Assert.AreEqual(first.CmdSN, first.ExpCmdSN);
    }

    /// <summary>More than may lie where it was received, so that some of it is copied; then all of it is written, or the connection is lost with it. The server's end asks for each buffer.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task RFC7143_4_2_2_1_Long_writes_that_come_before_their_turn_wait_where_they_are(bool isLost)
    {
        const int Bytes = 64 << 10, Blocks = Bytes / ScriptedInitiatorCommands.BlockBytes, Count = 7;
        (string, string)[] keys = [Many, ("MaxRecvDataSegmentLength", "262144"), ("FirstBurstLength", "262144")];
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, keys), second = server.Join(first, 2);
        byte[] missing = first.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        uint missingCmdSN = new BasicHeader(missing).CmdSN;
        for (int i = 1; i <= Count; i++)
            second.Send(second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, i * Blocks, Blocks), Bytes, write: true), Enumerable.Repeat((byte)i, Bytes).ToArray());
        TaskManagementTests.Ping(second);
        Assert.AreEqual(missingCmdSN, second.ExpCmdSN, "none has had its turn");
        if (isLost)
        {
            second.Dispose();
            await server.Server.Context.Connections.WhenAtMostAsync(1).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.IsFalse(server.Medium.Bytes.Slice(Bytes, Count * Bytes).ContainsAnyExcept((byte)0));
            return;
        }
        first.Send(missing, new byte[512]);
        Assert.AreEqual(0, first.ReceiveResult().Status);
        for (int i = 1; i <= Count; i++) Assert.AreEqual(0, second.ReceiveResult().Status);
        for (int i = 1; i <= Count; i++) Assert.IsFalse(server.Medium.Bytes.Slice(i * Bytes, Bytes).ContainsAnyExcept((byte)i), $"write {i}");
    }

    [TestMethod]
    public async Task RFC7143_11_13_5_More_connections_than_agreed_on_and_unknown_sessions_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator alone = server.LogIn(1), two = server.LogIn(2, ("MaxConnections", "2")), second = server.Join(two, 2);
        using ScriptedInitiator beside = server.NewConnection(alone, 2), third = server.NewConnection(two, 3), nowhere = server.NewConnection(two, 3);
        Assert.AreEqual(0x0206, Try(beside));
        Assert.AreEqual(0x0206, Try(third));
        nowhere.Tsih ^= 0x55;
        Assert.AreEqual(0x020A, Try(nowhere));
        Assert.AreEqual(0, alone.Read(0, 1).Status);
        Assert.AreEqual(0, second.Read(0, 1).Status);
        Assert.AreEqual(0, two.Read(0, 1).Status);

        static ushort Try(ScriptedInitiator initiator) => initiator.LoginRound(
            LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("InitiatorName", initiator.InitiatorName), ("TargetName", TestServer.TargetName)).Status();
    }

    [TestMethod]
    public async Task RFC7143_13_1_What_belongs_to_the_session_is_Irrelevant_in_the_login_of_a_further_connection_and_digests_are_its_own()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many, ("InitialR2T", "No")), second = server.NewConnection(first, 2);
        Dictionary<string, string> answer = second.Login(TestServer.TargetName, ("HeaderDigest", "CRC32C"), ("MaxConnections", "4"), ("MaxBurstLength", "4096"));
        Assert.AreEqual("CRC32C", answer["HeaderDigest"]);
        Assert.AreEqual("Irrelevant", answer["MaxConnections"]);
        Assert.AreEqual("Irrelevant", answer["MaxBurstLength"]);
        byte[] data = new byte[65536];
        new Random(3).NextBytes(data);
        Assert.AreEqual(0, second.Write(0, data, immediate: 8192, unsolicited: 57344).Status);
        Assert.IsTrue(first.Read(0, 128).Data.AsSpan().SequenceEqual(data));
    }

    [TestMethod]
    public async Task RFC7143_6_3_4_A_connection_of_the_same_CID_replaces_the_old_one_and_the_session_lives_on()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        server.Medium.Hold();
        second.Send(second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true));
        await server.Medium.WhenHeldAsync();
        using ScriptedInitiator again = server.NewConnection(first, 2), alone = server.LogIn(9);
        again.SendLogin(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("InitiatorName", again.InitiatorName), ("TargetName", TestServer.TargetName));
        Assert.IsTrue(second.IsClosedByTarget());
        server.Medium.LetGo();
        Assert.AreEqual(0, again.Receive(Opcode.LoginResponse).Status());
        // No unit attention: the nexus has not been lost.
        Assert.AreEqual(0, again.Read(0, 1).Status);
        Assert.AreEqual(0, first.Read(0, 1).Status);
        // The only connection of a session is replaced, too, without an end of the session.
        using ScriptedInitiator replaced = server.Join(alone, 1);
        Assert.IsTrue(alone.IsClosedByTarget());
        Assert.AreEqual(0, replaced.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task RFC7143_6_3_5_A_new_login_of_the_initiator_port_ends_all_connections_of_the_old_session()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(5, Many), second = server.Join(first, 2), third = server.Join(first, 3), fresh = server.Connect(5);
        fresh.Login(TestServer.TargetName);
        foreach (ScriptedInitiator old in new[] { first, second, third }) Assert.IsTrue(old.IsClosedByTarget());
        fresh.Send(fresh.CommandHeader(new byte[16]));
        Assert.AreEqual(0x062907, fresh.ReceiveResult().SenseCode);
        Assert.AreEqual(1, server.Server.Sessions.Count);
    }

    [TestMethod]
    public async Task RFC7143_11_14_A_logout_names_the_session_this_connection_or_another_one()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2), third = server.Join(first, 3), fourth = server.Join(first, 4);
        Assert.AreEqual(LogoutResponse.CidNotFound, first.Logout(LogoutReason.CloseConnection, 77));
        Assert.AreEqual(LogoutResponse.RecoveryNotSupported, first.Logout(LogoutReason.RemoveConnectionForRecovery, 2));
        Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.CloseConnection, 3));
        Assert.IsTrue(third.IsClosedByTarget());
        Assert.AreEqual(LogoutResponse.Closed, second.Logout(LogoutReason.CloseConnection, 2));
        Assert.IsTrue(second.IsClosedByTarget());
        Assert.AreEqual(0, fourth.Read(0, 1).Status);
        Assert.AreEqual(LogoutResponse.Closed, first.Logout(LogoutReason.CloseSession, 0));
        Assert.IsTrue(fourth.IsClosedByTarget());
        Assert.IsTrue(first.IsClosedByTarget());
        await server.Server.Context.Connections.WhenAtMostAsync(0).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [TestMethod]
    public async Task RFC7143_11_9_1_The_loss_of_a_connection_is_told_on_another_and_a_dropped_session_on_all()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        second.Dispose();
        AsyncMessageHeader dropped = new(first.Receive(Opcode.AsyncMessage).Header);
        Assert.AreEqual(AsyncEvent.ConnectionDropped, dropped.Event);
        Assert.AreEqual(2, dropped.Parameter1);
        using ScriptedInitiator third = server.Join(first, 3);
        Task closed = server.Server.CloseSessionAsync(TestServer.TargetName, first.Tsih, "test");
        foreach (ScriptedInitiator one in new[] { first, third })
            Assert.IsTrue(one.IsDroppedByTarget());
        await closed;
    }

    [TestMethod]
    [DataRow(TaskManagementFunction.AbortTaskSet)]
    [DataRow(TaskManagementFunction.ClearTaskSet)]
    [DataRow(TaskManagementFunction.LogicalUnitReset)]
    public async Task RFC7143_4_2_3_3_A_function_that_overtakes_commands_of_another_connection_ends_them_too(object function)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        byte[] late = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true), later = second.CommandHeader(new byte[16]);
        TaskManagementTests.SendFunction(first, (TaskManagementFunction)function);
        // It is not answered while commands before it have not come, in whatever order they do.
        TaskManagementTests.Ping(first);
        second.Send(later);
        TaskManagementTests.Ping(second);
        TaskManagementTests.Ping(first);
        second.Send(late, Enumerable.Repeat((byte)9, 512).ToArray());
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(first));
        second.Send(second.CommandHeader(new byte[16]));
        CommandResult next = second.ReceiveResult();
        Assert.IsTrue(next.Status == 0 || next.SenseCode == 0x062903, $"{next.SenseCode:x6}");
        Assert.AreEqual(0, server.Medium.Bytes[0], "the write has not been done");
        Assert.AreEqual(second.CmdSN, second.ExpCmdSN);
    }

    [TestMethod]
    [DataRow(TaskManagementFunction.AbortTaskSet)]
    [DataRow(TaskManagementFunction.ClearTaskSet)]
    [DataRow(TaskManagementFunction.LogicalUnitReset)]
    [DataRow(TaskManagementFunction.TargetWarmReset)]
    public async Task RFC7143_4_2_3_3_A_function_ends_commands_that_wait_behind_an_ORDERED_one_too(object function)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        byte[] ordered = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        ordered[1] = (byte)((ordered[1] & ~7) | 2);
        second.Send(ordered);
        uint transfer = second.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        foreach (ScriptedInitiator one in new[] { first, second })
        {
            one.Send(one.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true), Enumerable.Repeat((byte)9, 512).ToArray());
            one.Send(one.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true));
            TaskManagementTests.Ping(one);
        }
        TaskManagementTests.SendFunction(first, (TaskManagementFunction)function);
        // Of the ORDERED one the data that was asked for must come first.
        TaskManagementTests.Ping(first);
        second.SendDataOut(new BasicHeader(ordered).InitiatorTaskTag, transfer, Enumerable.Repeat((byte)9, 4096).ToArray(), 0, 4096, 4096);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(first));
        foreach (ScriptedInitiator one in new[] { first, second }) TaskManagementTests.Ping(one);
        if ((TaskManagementFunction)function is not (TaskManagementFunction.AbortTaskSet or TaskManagementFunction.ClearTaskSet)) first.ClearUnitAttention();
        Assert.AreEqual(0, second.Read(0, 1).Data[0], "none of the writes has been done");
        Assert.AreEqual(second.CmdSN, second.ExpCmdSN);
    }

    [TestMethod]
    public async Task RFC7143_11_5_1_ABORT_TASK_SET_leaves_what_was_sent_after_it_and_other_units()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Target.Luns.Add(1, new Lunaria.Iscsi.Scsi.LogicalUnit(server.Medium, new() { Identity = Guid.NewGuid() }));
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        first.ClearUnitAttention(1);
        server.Medium.Hold();
        byte[] before = first.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        byte[] other = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true, lun: 1);
        byte[] function = first.NewHeader(Opcode.TaskManagementRequest, immediate: true);
        TaskManagementRequestHeader header = new(function) { Function = TaskManagementFunction.AbortTaskSet, ReferencedTaskTag = BasicHeader.ReservedTag };
        byte[] after = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        first.Send(before);
        TaskManagementTests.Ping(first);
        second.Send(other);
        second.Send(after);
        TaskManagementTests.Ping(second);
        first.Send(header.Basic.Bytes.ToArray());
        TaskManagementTests.Ping(first);
        server.Medium.LetGo();
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(first));
        Assert.AreEqual(512, second.ReceiveResult().Data.Length);
        Assert.AreEqual(512, second.ReceiveResult().Data.Length);
    }

    [TestMethod]
    public async Task RFC7143_4_2_3_2_A_task_set_is_aborted_on_all_connections()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator first = server.LogIn(null, Many), second = server.Join(first, 2);
        byte[] write = second.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        second.Send(write);
        uint transfer = second.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        TaskManagementTests.SendFunction(first, TaskManagementFunction.AbortTaskSet);
        TaskManagementTests.Ping(first);
        second.SendDataOut(new BasicHeader(write).InitiatorTaskTag, transfer, new byte[4096], 0, 4096, 4096);
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, TaskManagementTests.ReceiveFunction(first));
        // No status for it comes: the next one is that of a read.
        Assert.AreEqual(512, second.Read(0, 1).Data.Length);
    }
}

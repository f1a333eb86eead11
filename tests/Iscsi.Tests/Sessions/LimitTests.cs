using System.Collections.Concurrent;
using System.Net.Sockets;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>What a host can do too much of, and what must never be said.</summary>
[TestClass]
public class LimitTests
{
    [TestMethod]
    public async Task A_thousand_half_open_connections_do_not_keep_a_host_out()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with
        {
            MaxHalfOpenConnections = 32,
            MaxConnectionsPerAddress = 2000,
            LoginTimeout = TimeSpan.FromSeconds(20),
        });
        using ScriptedInitiator working = server.LogIn(1);
        List<Socket> halfOpen = [];
        try
        {
            for (int i = 0; i < 1000; i++)
            {
                Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
                halfOpen.Add(socket);
                await socket.ConnectAsync(server.Portal);
                if (i % 2 == 0) await socket.SendAsync(new byte[] { 0x43, 0x87, 0, 0 });
                if (i % 100 == 0) Assert.AreEqual(0, working.Read(0, 8).Status);
            }
            using ScriptedInitiator late = server.LogIn(2);
            Assert.AreEqual(0, late.Read(0, 8).Status);
            Assert.AreEqual(0, working.Read(0, 8).Status);
            await server.Server.Context.Connections.WhenAtMostAsync(32 + 2).WaitAsync(TimeSpan.FromSeconds(20));
        }
        finally
        {
            foreach (Socket socket in halfOpen) socket.Dispose();
        }
    }

    [TestMethod]
    public async Task A_target_takes_as_many_sessions_as_it_may_and_a_host_that_comes_again()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxSessionsPerTarget = 2 });
        using ScriptedInitiator first = server.LogIn(1), second = server.LogIn(2), third = server.Connect(3);
        Assert.AreEqual(0x0302, third.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", third.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        using ScriptedInitiator again = server.LogIn(2);
        Assert.AreEqual(0, again.Read(0, 8).Status);
        Assert.AreEqual(0, first.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task Sessions_that_use_up_the_memory_leave_some_for_one_that_needs_little()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { BufferPoolBytes = 32 << 20, MaxConnectionBufferBytes = 32 << 20 });
        using ScriptedInitiator modest = server.LogIn(9);
        List<ScriptedInitiator> greedy = [.. Enumerable.Range(1, 3).Select(number => server.LogIn((ulong)number))];
        server.Medium.ShortCuts = false;
        // Writes of which nothing but the command comes: each holds a buffer.
        foreach (ScriptedInitiator one in greedy)
            for (int i = 0; i < 40; i++)
                one.Send(one.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 2048), 1 << 20, write: true));
        foreach (ScriptedInitiator one in greedy)
        {
            one.Receive(Opcode.ReadyToTransfer);
            TaskManagementTests.PingPast(one);
        }
        Assert.IsGreaterThan(20L << 20, server.Server.Context.Pool.RentedBytes);
        for (int i = 0; i < 20; i++) Assert.AreEqual(0, modest.Read(0, 128).Status);
        foreach (ScriptedInitiator one in greedy) one.Dispose();
    }

    [TestMethod]
    public async Task A_target_that_may_not_answer_any_more_cuts_the_connection_instead()
    {
        bool may = true;
        await using TestServer server = await TestServer.StartAsync(options => options with { MayAnswer = () => Volatile.Read(ref may) });
        using ScriptedInitiator host = server.LogIn();
        Assert.AreEqual(0, host.Write(0, new byte[512]).Status);
        Volatile.Write(ref may, false);
        host.Send(host.CommandHeader(new byte[16], 0));
        Assert.IsTrue(host.IsClosedByTarget());
    }

    [TestMethod]
    public async Task A_login_that_takes_too_long_ends()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { LoginTimeout = TimeSpan.FromMilliseconds(300) });
        using ScriptedInitiator silent = server.Connect();
        Assert.IsTrue(silent.IsClosedByTarget());
        using ScriptedInitiator slow = server.Connect();
        Assert.AreEqual(0, slow.LoginRound(LoginStage.OperationalNegotiation, null,
            ("InitiatorName", slow.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        Assert.IsTrue(slow.IsClosedByTarget());
    }

    [TestMethod]
    public async Task Connections_are_limited_in_total_and_per_address()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnectionsPerAddress = 2 });
        using ScriptedInitiator one = server.LogIn(1), two = server.LogIn(2), three = server.Connect(3);
        Assert.AreEqual(0x0302, three.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", three.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        Assert.IsTrue(three.IsClosedByTarget());
        one.Dispose();
        await server.Server.Context.Connections.WhenAtMostAsync(1).WaitAsync(TimeSpan.FromSeconds(20));
        using ScriptedInitiator four = server.LogIn(4);
        Assert.AreEqual(0, four.Read(0, 1).Status);

        await using TestServer small = await TestServer.StartAsync(options => options with { MaxConnections = 1 });
        using ScriptedInitiator only = small.LogIn(1), tooMany = small.Connect(2);
        Assert.AreEqual(0x0302, tooMany.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", tooMany.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        Assert.IsTrue(tooMany.IsClosedByTarget());
        Assert.AreEqual(0, only.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task A_host_that_comes_back_is_not_kept_out_by_its_own_dead_connections()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnectionsPerAddress = 3 });
        using ScriptedInitiator single = server.LogIn(1), first = server.LogIn(2, ("MaxConnections", "2")), second = server.Join(first, 2);
        // Nobody has closed anything: to the target all three are alive. A session comes back, and a connection of another one.
        using ScriptedInitiator again = server.LogIn(1), joined = server.Join(first, 2);
        Assert.IsTrue(single.IsClosedByTarget());
        Assert.IsTrue(second.IsClosedByTarget());
        // Their places have not become more.
        using ScriptedInitiator other = server.Connect(3);
        Assert.AreEqual(0x0302, other.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", other.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        Assert.AreEqual(0, again.Read(0, 1).Status);
        Assert.AreEqual(0, joined.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task Connections_beyond_those_of_an_address_that_do_not_log_in_make_room_for_one_that_does()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnectionsPerAddress = 1, LoginTimeout = TimeSpan.FromHours(1) });
        using ScriptedInitiator only = server.LogIn(1);
        ScriptedInitiator[] idle = [.. Enumerable.Range(0, 20).Select(_ => server.Connect(9))];
        foreach (ScriptedInitiator one in idle[..4]) Assert.IsTrue(one.IsClosedByTarget());
        using ScriptedInitiator again = server.LogIn(1);
        Assert.AreEqual(0, again.Read(0, 1).Status);
        foreach (ScriptedInitiator one in idle) one.Dispose();
    }

    [TestMethod]
    public async Task Lengths_beyond_what_was_declared_end_the_connection()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator inLogin = server.Connect(1);
        byte[] login = LoginHeader(inLogin);
        new BasicHeader(login).DataSegmentLengthBytes = 8193;
        inLogin.SendRaw(login);
        Assert.IsTrue(inLogin.IsClosedByTarget());

        using ScriptedInitiator loggedIn = server.LogIn(2);
        byte[] nop = loggedIn.NewHeader(Opcode.NopOut);
        new BasicHeader(nop).DataSegmentLengthBytes = 262145;
        loggedIn.SendRaw(nop);
        Assert.IsTrue(loggedIn.IsClosedByTarget());

        using ScriptedInitiator talker = server.LogIn(3);
        bool closed = false;
        for (int i = 0; i < 20 && !closed; i++)
        {
            byte[] text = talker.NewHeader(Opcode.TextRequest);
            new BasicHeader(text).Bytes[1] = 0x40;
            new BasicHeader(text).SetUInt32(16, 0x99);
            new BasicHeader(text).SetUInt32(20, i == 0 ? BasicHeader.ReservedTag : (uint)i);
            talker.Send(text, new byte[8192]);
            closed = talker.TryReceive() is null;
        }
        Assert.IsTrue(closed, "a text without end is taken");
    }

    [TestMethod]
    public async Task Other_pdus_have_no_place_in_a_login_and_logins_none_after_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator early = server.Connect(1);
        early.Send(early.CommandHeader(new byte[16]));
        Assert.AreEqual(0x020B, early.Receive(Opcode.LoginResponse).Status());
        Assert.IsTrue(early.IsClosedByTarget());
        using ScriptedInitiator late = server.LogIn(2);
        late.SendLogin(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("InitiatorName", late.InitiatorName));
        Assert.IsTrue(late.IsClosedByTarget());
    }

    [TestMethod]
    public async Task Unknown_opcodes_and_tags_in_use_are_rejected()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] unknown = initiator.NewHeader((Opcode)0x1C);
        initiator.Send(unknown);
        Assert.AreEqual((byte)RejectReason.CommandNotSupported, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        server.Medium.Hold();
        byte[] first = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        initiator.Send(first);
        await server.Medium.WhenHeldAsync();
        byte[] second = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true);
        new BasicHeader(second).SetUInt32(16, new BasicHeader(first).InitiatorTaskTag);
        initiator.Send(second);
        Assert.AreEqual((byte)RejectReason.TaskInProgress, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);
        server.Medium.LetGo();
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
    }

    [TestMethod]
    public async Task Secrets_never_reach_the_log()
    {
        const string Secret = "the host's own secret", Mutual = "the target's own secret";
        ConcurrentQueue<string> lines = new();
        LogProbe<IscsiServer> log = new((_, _, line) => lines.Enqueue(line));
        await using (TestServer server = await TestServer.StartAsync(
            access: [new("*", new("host", new(Secret)), new("target", new(Mutual)))], logger: log))
        {
            foreach (string response in new[] { "0x00", "the host's own secret", "0b" + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Secret)) })
            {
                using ScriptedInitiator initiator = server.Connect();
                initiator.LoginRound(LoginStage.SecurityNegotiation, null,
                    ("InitiatorName", initiator.InitiatorName), ("TargetName", TestServer.TargetName), ("AuthMethod", "CHAP"));
                initiator.LoginRound(LoginStage.SecurityNegotiation, null, ("CHAP_A", "5,7"));
                Assert.AreEqual(0x0201, initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation,
                    ("CHAP_N", "host"), ("CHAP_R", response)).Status());
                Assert.IsTrue(initiator.IsClosedByTarget());
            }
        }
        string text = string.Join('\n', lines);
        StringAssert.Contains(text, "0201");
        Assert.IsFalse(text.Contains("own secret", StringComparison.OrdinalIgnoreCase), text);
    }

    private static byte[] LoginHeader(ScriptedInitiator initiator)
    {
        byte[] bytes = initiator.NewHeader(Opcode.LoginRequest, immediate: true);
        LoginRequestHeader header = new(bytes) { CurrentStage = 1, NextStage = 3, Isid = initiator.Isid };
        _ = header;
        return bytes;
    }
}

using System.Net;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Order, windows, reinstatement, logout, pings and the end of sessions.</summary>
[TestClass]
public class SessionTests
{
    [TestMethod]
    public async Task Commands_out_of_order_run_in_order_and_those_outside_the_window_are_ignored()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] first = Write(1), second = Write(2), third = Write(3);
        Send(third, 3);
        Send(second, 2);
        // Outside the window: before it, and behind it.
        byte[] tooHigh = Write(9);
        new BasicHeader(tooHigh).SetUInt32(24, initiator.MaxCmdSN + 200);
        Send(tooHigh, 9);
        byte[] tooLow = Write(9);
        new BasicHeader(tooLow).SetUInt32(24, initiator.ExpCmdSN - 1);
        Send(tooLow, 9);
        initiator.CmdSN -= 2;
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(0, server.Medium.Bytes[0]);
        Send(first, 1);
        foreach (byte[] expected in new[] { first, second, third })
            Assert.AreEqual(new BasicHeader(expected).InitiatorTaskTag, initiator.Receive(Opcode.ScsiResponse).Basic.InitiatorTaskTag);
        Assert.AreEqual(3, server.Medium.Bytes[0]);
        Assert.AreEqual(initiator.CmdSN, initiator.ExpCmdSN);

        byte[] Write(byte fill) => initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        void Send(byte[] header, byte fill)
        {
            byte[] data = new byte[512];
            data.AsSpan().Fill(fill);
            initiator.Send(header, data);
        }
    }

    [TestMethod]
    public async Task A_deferred_command_takes_its_unsolicited_data_along()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "No"));
        byte[] data = new byte[8192];
        new Random(5).NextBytes(data);
        byte[] before = initiator.CommandHeader(new byte[16]);
        byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 16), data.Length, write: true, final: false);
        initiator.Send(write, data.AsSpan(0, 512));
        initiator.SendDataOut(new BasicHeader(write).InitiatorTaskTag, BasicHeader.ReservedTag, data, 512, 7680, 2000);
        initiator.Send(before);
        initiator.Receive(Opcode.ScsiResponse);
        Assert.AreEqual(0, initiator.ReceiveResult(data).Status);
        Assert.IsTrue(server.Medium.Bytes[..8192].SequenceEqual(data));
    }

    [TestMethod]
    public async Task The_window_closes_while_commands_wait_and_opens_again_and_never_moves_back()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { CommandWindow = 4 });
        using ScriptedInitiator initiator = server.LogIn();
        server.Medium.Hold();
        for (int i = 0; i < 4; i++) initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true));
        TaskManagementTests.Ping(initiator);
        Assert.AreEqual(initiator.ExpCmdSN - 1, initiator.MaxCmdSN, "closed");
        // One more is outside the window and silently ignored.
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 1), 512, read: true));
        initiator.CmdSN--;
        TaskManagementTests.Ping(initiator);
        server.Medium.LetGo();
        uint last = initiator.MaxCmdSN;
        for (int i = 0; i < 4; i++)
        {
            Assert.AreEqual(0, initiator.ReceiveResult().Status);
            Assert.IsFalse(SerialNumber.IsBefore(initiator.MaxCmdSN, last));
            last = initiator.MaxCmdSN;
        }
        Assert.AreEqual(initiator.ExpCmdSN + 3, initiator.MaxCmdSN);
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task Numbers_wrap_around()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        initiator.CmdSN = 0xFFFFFFF0;
        initiator.Login(TestServer.TargetName);
        initiator.ClearUnitAttention();
        for (int i = 0; i < 300; i++) Assert.AreEqual(0, initiator.Read(0, 1).Status);
        Assert.AreEqual(initiator.CmdSN, initiator.ExpCmdSN);
    }

    [TestMethod]
    public async Task StatSN_counts_responses_with_status_only()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", "No"), ("MaxRecvDataSegmentLength", "8192"));
        uint expected = initiator.ExpStatSN;
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 64), 32768, read: true));
        for (int i = 0; i < 4; i++)
        {
            ReceivedPdu pdu = initiator.Receive(Opcode.DataIn);
            Assert.AreEqual(i == 3, new DataInHeader(pdu.Header).HasStatus);
            if (i == 3) Assert.AreEqual(expected++, pdu.Basic.StatSN);
        }
        byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true);
        initiator.Send(write);
        ReceivedPdu r2t = initiator.Receive(Opcode.ReadyToTransfer);
        Assert.AreEqual(expected, r2t.Basic.StatSN, "an R2T names the next StatSN and does not take it");
        initiator.SendDataOut(r2t.Basic.InitiatorTaskTag, r2t.Basic.TargetTransferTag, new byte[512], 0, 512, 512);
        Assert.AreEqual(expected++, initiator.Receive(Opcode.ScsiResponse).Basic.StatSN);
        initiator.Send(initiator.NewHeader(Opcode.NopOut));
        Assert.AreEqual(expected++, initiator.Receive(Opcode.NopIn).Basic.StatSN);
        byte[] snack = initiator.NewHeader(Opcode.SnackRequest, immediate: true);
        initiator.Send(snack);
        ReceivedPdu reject = initiator.Receive(Opcode.Reject);
        Assert.AreEqual((byte)RejectReason.SnackReject, new CodeResponseHeader(reject.Header).Code);
        Assert.AreEqual(expected++, reject.Basic.StatSN);
        Assert.IsTrue(reject.Data.AsSpan().SequenceEqual(snack), "a Reject carries the header it is about");
        LogOut(initiator, LogoutReason.CloseSession, expected);
    }

    [TestMethod]
    public async Task A_new_login_of_the_same_port_replaces_the_old_session_when_its_tasks_are_gone()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator old = server.LogIn(7);
        server.Medium.Hold();
        old.Send(old.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true), new byte[512]);
        await server.Medium.WhenHeldAsync();
        using ScriptedInitiator fresh = server.Connect(7);
        fresh.SendLogin(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", fresh.InitiatorName), ("TargetName", TestServer.TargetName));
        Assert.IsTrue(old.IsClosedByTarget());
        Assert.AreEqual(1, server.Medium.Waiting, "the write of the old session is still on the medium");
        Assert.AreEqual(0, fresh.Socket.Available, "so the login is not answered yet");
        server.Medium.LetGo();
        ReceivedPdu response = fresh.Receive(Opcode.LoginResponse);
        Assert.AreEqual(0, response.Status());
        Assert.AreNotEqual(0, new LoginResponseHeader(response.Header).Tsih);
        fresh.ClearUnitAttention();
        Assert.AreEqual(0, fresh.Read(0, 1).Status);
        Assert.HasCount(1, server.Server.Sessions);
    }

    [TestMethod]
    public async Task Two_ports_of_one_initiator_have_two_sessions()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator one = server.LogIn(1), two = server.LogIn(2);
        Assert.AreEqual(0, one.Read(0, 1).Status);
        Assert.AreEqual(0, two.Read(0, 1).Status);
        Assert.AreEqual(2, server.Server.Sessions.Select(session => session.Tsih).Distinct().Count());
    }

    [TestMethod]
    [DataRow(0, DisplayName = "close the session")]
    [DataRow(1, DisplayName = "close the connection")]
    public async Task Logout_is_answered_and_the_connection_closed(int reason)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        LogOut(initiator, (LogoutReason)reason, initiator.ExpStatSN);
    }

    [TestMethod]
    public async Task Logout_for_recovery_is_refused_at_recovery_level_0()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        byte[] bytes = initiator.NewHeader(Opcode.LogoutRequest);
        LogoutRequestHeader header = new(bytes) { Reason = LogoutReason.RemoveConnectionForRecovery, ConnectionId = 1 };
        _ = header;
        initiator.Send(bytes);
        Assert.AreEqual((byte)LogoutResponse.RecoveryNotSupported, new CodeResponseHeader(initiator.Receive(Opcode.LogoutResponse).Header).Code);
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task A_silent_initiator_is_pinged_and_dropped_when_it_does_not_answer()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with
        {
            PingInterval = TimeSpan.FromMilliseconds(300),
            PingTimeout = TimeSpan.FromMilliseconds(700),
        });
        using ScriptedInitiator initiator = server.LogIn();
        for (int i = 0; i < 2; i++)
        {
            ReceivedPdu ping = initiator.Receive(Opcode.NopIn);
            Assert.AreEqual(BasicHeader.ReservedTag, ping.Basic.InitiatorTaskTag);
            Assert.AreNotEqual(BasicHeader.ReservedTag, ping.Basic.TargetTransferTag);
            byte[] answer = initiator.NewHeader(Opcode.NopOut, immediate: true);
            new BasicHeader(answer).SetUInt32(16, BasicHeader.ReservedTag);
            new BasicHeader(answer).SetUInt32(20, ping.Basic.TargetTransferTag);
            initiator.Send(answer);
        }
        initiator.Receive(Opcode.NopIn);
        Assert.IsTrue(initiator.IsClosedByTarget());
    }

    [TestMethod]
    public async Task Idle_sessions_hold_no_pooled_buffers_and_work_on()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        Assert.AreEqual(0, initiator.Read(0, 8).Status);
        Assert.AreNotEqual(0, server.Server.Context.Pool.RentedBytes);
        await server.Server.Context.Pool.WhenIdleAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.AreEqual(0, initiator.Write(0, new byte[65536]).Status);
        Assert.AreEqual(0, initiator.Read(0, 128).Status);
    }

    [TestMethod]
    public async Task Disposing_asks_for_logout_finishes_commands_and_closes()
    {
        TestServer server = await TestServer.StartAsync(options => options with { DrainTimeout = TimeSpan.FromSeconds(20) });
        using ScriptedInitiator initiator = server.LogIn();
        Task disposed = server.Server.DisposeAsync().AsTask();
        ReceivedPdu request = initiator.Receive(Opcode.AsyncMessage);
        Assert.AreEqual(AsyncEvent.LogoutRequested, new AsyncMessageHeader(request.Header).Event);
        Assert.AreEqual(0, initiator.Write(0, new byte[512]).Status, "until it logs out, it is served");
        LogOut(initiator, LogoutReason.CloseSession, initiator.ExpStatSN);
        await disposed.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [TestMethod]
    public async Task Removing_a_target_ends_its_sessions_and_later_logins_do_not_find_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        Assert.IsTrue(await server.Server.RemoveTargetAsync(TestServer.TargetName));
        Assert.IsTrue(initiator.IsDroppedByTarget());
        using ScriptedInitiator late = server.Connect();
        Assert.AreEqual(0x0204, late.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", late.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        Assert.IsFalse(await server.Server.RemoveTargetAsync(TestServer.TargetName));
    }

    [TestMethod]
    public async Task Discovery_tells_the_portals_of_what_the_initiator_may_see()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with
        {
            Portals = [new(IPAddress.Loopback, 0), new(IPAddress.Parse("127.0.0.2"), 0)],
        });
        server.Server.AddTarget("iqn.2026-11.test:secret", new() { Access = [] });
        using ScriptedInitiator initiator = server.Connect();
        initiator.LoginDiscovery();
        string all = Ask("All");
        StringAssert.Contains(all, $"TargetName={TestServer.TargetName}\0TargetAddress=127.0.0.1:{server.Server.Portals[0].Port},1\0");
        StringAssert.Contains(all, $"TargetAddress=127.0.0.2:{server.Server.Portals[1].Port},1\0");
        Assert.IsFalse(all.Contains("secret", StringComparison.Ordinal));
        Assert.AreEqual("", Ask("iqn.2026-11.test:secret"));
        Assert.AreEqual("", Ask("iqn.2026-11.test:nobody"));
        Assert.AreEqual(all, Ask(TestServer.TargetName.ToUpperInvariant()));
        Assert.AreEqual("SendTargets=Reject\0", Ask(""));
        // SCSI has no place in a discovery session.
        initiator.Send(initiator.CommandHeader(new byte[16]));
        Assert.AreEqual((byte)RejectReason.CommandNotSupported, new CodeResponseHeader(initiator.Receive(Opcode.Reject).Header).Code);

        using ScriptedInitiator normal = server.LogIn();
        normal.Send(TextRequest(normal), ScriptedInitiatorLogin.Text(("SendTargets", "")));
        StringAssert.Contains(System.Text.Encoding.UTF8.GetString(normal.Receive(Opcode.TextResponse).Data), TestServer.TargetName);

        string Ask(string value)
        {
            initiator.Send(TextRequest(initiator), ScriptedInitiatorLogin.Text(("SendTargets", value)));
            return System.Text.Encoding.UTF8.GetString(initiator.Receive(Opcode.TextResponse).Data);
        }
    }

    [TestMethod]
    public async Task A_long_list_of_targets_comes_in_parts()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int i = 0; i < 300; i++) server.Server.AddTarget($"iqn.2026-11.test:many-{i:d3}");
        using ScriptedInitiator initiator = server.Connect();
        initiator.LoginDiscovery();
        initiator.Send(TextRequest(initiator), ScriptedInitiatorLogin.Text(("SendTargets", "All")));
        ReceivedPdu part = initiator.Receive(Opcode.TextResponse);
        List<byte> text = [.. part.Data];
        int parts = 1;
        while (part.Basic.Continue)
        {
            Assert.IsFalse(part.Basic.Final);
            byte[] next = TextRequest(initiator);
            new BasicHeader(next).SetUInt32(16, part.Basic.InitiatorTaskTag);
            new BasicHeader(next).SetUInt32(20, part.Basic.TargetTransferTag);
            initiator.Send(next);
            part = initiator.Receive(Opcode.TextResponse);
            text.AddRange(part.Data);
            parts++;
        }
        Assert.IsTrue(part.Basic.Final);
        Assert.IsGreaterThan(1, parts);
        List<KeyValuePair<string, string>> pairs = [];
        Assert.IsTrue(TextKeys.TryParse(text.ToArray(), pairs));
        Assert.AreEqual(301, pairs.Count(pair => pair.Key == "TargetName"));
    }

    internal static byte[] TextRequest(ScriptedInitiator initiator)
    {
        byte[] header = initiator.NewHeader(Opcode.TextRequest);
        new BasicHeader(header).SetUInt32(20, BasicHeader.ReservedTag);
        return header;
    }

    private static void LogOut(ScriptedInitiator initiator, LogoutReason reason, uint expectedStatSN)
    {
        byte[] bytes = initiator.NewHeader(Opcode.LogoutRequest);
        LogoutRequestHeader header = new(bytes) { Reason = reason, ConnectionId = 1 };
        _ = header;
        initiator.Send(bytes);
        ReceivedPdu response = initiator.Receive(Opcode.LogoutResponse);
        Assert.AreEqual((byte)LogoutResponse.Closed, new CodeResponseHeader(response.Header).Code);
        Assert.AreEqual(expectedStatSN, response.Basic.StatSN);
        Assert.IsTrue(initiator.IsClosedByTarget());
    }
}

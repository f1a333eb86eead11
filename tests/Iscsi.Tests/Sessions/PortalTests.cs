using System.Net;
using System.Net.Sockets;
using System.Text;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Portals that come and go, targets that are shown on some of them, and hosts that are sent elsewhere.</summary>
[TestClass]
public class PortalTests
{
    private const byte WriteExclusive = 1, ReservationConflict = 0x18;
    private static readonly IPEndPoint First = new(IPAddress.Loopback, 0), Second = new(IPAddress.Parse("127.0.0.2"), 0);

    [TestMethod]
    public async Task A_portal_comes_and_goes_and_sessions_of_others_notice_nothing()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator stays = server.LogIn(1);
        await server.Server.ChangePortalsAsync([First, Second]);
        Assert.HasCount(2, server.Server.Portals);
        IPEndPoint portal = server.Portal, second = server.Server.Portals[1];
        using ScriptedInitiator leaves = new(second) { Isid = 2 };
        leaves.Login(TestServer.TargetName);
        leaves.ClearUnitAttention();

        await server.Server.ChangePortalsAsync([First]);
        Assert.AreEqual(portal, server.Server.Portals.Single());
        Assert.AreEqual(AsyncEvent.LogoutRequested, new AsyncMessageHeader(leaves.Receive(Opcode.AsyncMessage).Header).Event);
        Assert.AreEqual(0, leaves.Read(0, 8).Status, "until it logs out, it is served");
        Assert.AreEqual(LogoutResponse.Closed, leaves.Logout(LogoutReason.CloseSession, 1));
        Assert.IsTrue(leaves.IsClosedByTarget());
        Assert.AreEqual(SocketError.ConnectionRefused, Assert.ThrowsExactly<SocketException>(() => new ScriptedInitiator(second)).SocketErrorCode);
        Assert.AreEqual(0, stays.Read(0, 8).Status);
        server.LogIn(3).Dispose();
    }

    [TestMethod]
    public async Task Who_does_not_log_out_is_closed()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.Server.ChangePortalsAsync([First, Second]);
        using ScriptedInitiator deaf = new(server.Server.Portals[1]), inLogin = new(server.Server.Portals[1]);
        deaf.Login(TestServer.TargetName);
        await server.Server.ChangePortalsAsync([First]);
        deaf.Receive(Opcode.AsyncMessage);
        Assert.IsTrue(deaf.IsClosedByTarget());
        Assert.IsTrue(inLogin.IsClosedByTarget());
    }

    [TestMethod]
    public async Task A_wildcard_gives_way_to_an_address_and_hosts_there_stay()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Portals = [new(IPAddress.IPv6Any, 0)] });
        int port = server.Portal.Port;
        IPEndPoint loopback = new(IPAddress.Loopback, port);
        using ScriptedInitiator stays = new(loopback), leaves = new(new(IPAddress.IPv6Loopback, port)) { Isid = 2 };
        stays.Login(TestServer.TargetName);
        leaves.Login(TestServer.TargetName);
        await server.Server.ChangePortalsAsync([loopback]);
        leaves.Receive(Opcode.AsyncMessage);
        stays.ClearUnitAttention();
        Assert.AreEqual(0, stays.Read(0, 8).Status);
        new ScriptedInitiator(loopback).Dispose();
    }

    [TestMethod]
    public async Task Where_a_portal_cannot_be_had_everything_is_as_it_was()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator stays = server.LogIn(1);
        IPEndPoint before = server.Portal;
        await Assert.ThrowsExactlyAsync<SocketException>(() => server.Server.ChangePortalsAsync([Second, new(IPAddress.Parse("192.0.2.77"), 3260)]));
        Assert.AreEqual(before, server.Server.Portals.Single());
        Assert.AreEqual(0, stays.Read(0, 8).Status);
        Assert.AreEqual(0, server.LogIn(2).Read(0, 8).Status);
    }

    [TestMethod]
    public async Task A_target_is_shown_on_the_portals_of_its_group_with_its_tag()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Portals = [First, Second] });
        IPEndPoint first = server.Server.Portals[0], second = server.Server.Portals[1];
        const string Own = "iqn.2026-11.test:own", Nowhere = "iqn.2026-11.test:nowhere";
        server.Server.AddTarget(Own, new() { PortalGroupTag = 7, Portals = [second] });
        server.Server.AddTarget(Nowhere, new() { PortalGroupTag = 9, Portals = [new(IPAddress.Parse("192.0.2.77"), 3260)] });
        foreach (IPEndPoint portal in (IPEndPoint[])[first, second])
        {
            using ScriptedInitiator discovery = new(portal);
            discovery.LoginDiscovery();
            discovery.Send(SessionTests.TextRequest(discovery), ScriptedInitiatorLogin.Text(("SendTargets", "All")));
            Assert.AreEqual(
                $"TargetName={Own}\0TargetAddress={second},7\0TargetName={TestServer.TargetName}\0TargetAddress={first},1\0TargetAddress={second},1\0",
                Encoding.UTF8.GetString(discovery.Receive(Opcode.TextResponse).Data));
        }
        using ScriptedInitiator here = new(second), wrong = new(first);
        Assert.AreEqual("7", here.Login(Own)["TargetPortalGroupTag"]);
        Assert.AreEqual(0x0203, wrong.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", wrong.InitiatorName), ("TargetName", Own)).Status());
    }

    [TestMethod]
    public async Task A_host_is_told_of_portals_of_its_own_address_family_where_there_are_any()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Portals = [new(IPAddress.Loopback, 0), new(IPAddress.IPv6Loopback, 0)] });
        IPEndPoint four = server.Server.Portals[0], six = server.Server.Portals[1];
        const string OnlyFour = "iqn.2026-11.test:four";
        server.Server.AddTarget(OnlyFour, new() { Portals = [four] });
        foreach ((IPEndPoint portal, string address) in new[] { (four, $"{four},1"), (six, $"[::1]:{six.Port},1") })
        {
            using ScriptedInitiator discovery = new(portal);
            discovery.LoginDiscovery();
            discovery.Send(SessionTests.TextRequest(discovery), ScriptedInitiatorLogin.Text(("SendTargets", "All")));
            Assert.AreEqual(
                $"TargetName={OnlyFour}\0TargetAddress={four},1\0TargetName={TestServer.TargetName}\0TargetAddress={address}\0",
                Encoding.UTF8.GetString(discovery.Receive(Opcode.TextResponse).Data));
        }
    }

    [TestMethod]
    public async Task Other_portals_of_the_same_group_end_only_the_sessions_of_those_that_go_and_reservations_stay()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Portals = [First, Second] });
        IPEndPoint second = server.Server.Portals[1];
        using ScriptedInitiator holder = server.LogIn(1), leaves = new(second) { Isid = 2 };
        leaves.Login(TestServer.TargetName);
        leaves.ClearUnitAttention();
        Assert.AreEqual(0, Reserve(holder, 0, 0, 1, 0).Status);
        Assert.AreEqual(0, Reserve(holder, 1, 1, 0, WriteExclusive).Status);
        server.Server.ChangeTargetPortals(TestServer.TargetName, [server.Portal]);
        Assert.AreEqual(AsyncEvent.LogoutRequested, new AsyncMessageHeader(leaves.Receive(Opcode.AsyncMessage).Header).Event);
        Assert.IsTrue(leaves.IsClosedByTarget());
        Assert.AreEqual(0, holder.Write(0, new byte[512]).Status);
        using ScriptedInitiator other = server.LogIn(3);
        Assert.AreEqual(ReservationConflict, other.Write(0, new byte[512]).Status);
        holder.Dispose();
        server.Server.ChangeTargetPortals(TestServer.TargetName, []);
        using ScriptedInitiator again = new(second) { Isid = 1 };
        again.Login(TestServer.TargetName);
        again.ClearUnitAttention();
        Assert.AreEqual(0, again.Write(0, new byte[512]).Status, "it is the same nexus, whichever portal of the group it comes by");
        Assert.ThrowsExactly<ArgumentException>(() => server.Server.ChangeTargetPortals("iqn.2026-11.test:none", []));
    }

    [TestMethod]
    public async Task Registrations_stay_with_the_portal_group_they_were_made_at()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator before = server.LogIn(1);
        Assert.AreEqual(0, Reserve(before, 0, 0, 1, 0).Status);
        Assert.AreEqual(0, Reserve(before, 1, 1, 0, WriteExclusive).Status);
        await server.Server.ReplaceTargetAsync(TestServer.TargetName, new() { PortalGroupTag = 2 });
        using ScriptedInitiator after = server.LogIn(1);
        Assert.AreEqual(ReservationConflict, after.Write(0, new byte[512]).Status, "by another port it is another nexus");
        Assert.AreEqual(0, Reserve(after, 0, 0, 2, 0).Status);
        Assert.AreEqual(0, Reserve(after, 4, 2, 1, WriteExclusive).Status, "it preempts what it had");
        Assert.AreEqual(0, after.Write(0, new byte[512]).Status);
    }

    [TestMethod]
    public async Task Another_portal_group_is_another_target_port_of_the_same_units()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator before = server.LogIn();
        byte[] identity = DeviceIdentification(before);
        Task<IscsiTarget> moved = server.Server.ReplaceTargetAsync(TestServer.TargetName, new() { PortalGroupTag = 0x1234 });
        Assert.IsTrue(before.IsDroppedByTarget());
        Assert.AreEqual((ushort)0x1234, (await moved).Port.PortalGroupTag);
        using ScriptedInitiator after = server.LogIn();
        Assert.AreEqual(0, after.Read(0, 8).Status);
        string port = Encoding.ASCII.GetString(DeviceIdentification(after));
        StringAssert.Contains(port, $"{TestServer.TargetName},t,0x1234");
        StringAssert.Contains(Encoding.ASCII.GetString(identity), $"{TestServer.TargetName},t,0x0001");
        Assert.HasCount(1, server.Server.Targets.Single().Luns.Units[0].Ports);
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => server.Server.ReplaceTargetAsync("iqn.2026-11.test:none", new()));
    }

    [TestMethod]
    [DataRow(false, 0x0101)]
    [DataRow(true, 0x0102)]
    public async Task Hosts_are_sent_elsewhere_and_sessions_stay(bool permanent, int status)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator stays = server.LogIn(1, ("MaxConnections", "2"));
        server.Target.Redirect = new("[2001:db8::1]:3260,2", permanent);
        foreach (LoginStage stage in (LoginStage[])[LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation])
        {
            using ScriptedInitiator sent = server.Connect(2);
            ReceivedPdu answer = sent.LoginRound(stage, LoginStage.FullFeaturePhase, ("InitiatorName", sent.InitiatorName), ("TargetName", TestServer.TargetName));
            Assert.AreEqual(status, answer.Status());
            Assert.AreEqual("[2001:db8::1]:3260,2", answer.Keys()["TargetAddress"]);
            Assert.AreEqual(0, new LoginResponseHeader(answer.Header).Transit ? 1 : 0);
            Assert.IsTrue(sent.IsClosedByTarget());
        }
        using ScriptedInitiator further = server.Join(stays, 2);
        Assert.AreEqual(0, further.Read(0, 8).Status);
        Assert.IsEmpty(server.Server.RefusedLogins);

        server.Target.Access = [];
        using ScriptedInitiator stranger = server.Connect(3);
        Assert.AreEqual(0x0202, stranger.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", stranger.InitiatorName), ("TargetName", TestServer.TargetName)).Status(), "who is not let in is not told where to go");
    }

    [TestMethod]
    public async Task Hosts_that_are_logged_in_are_moved()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator host = server.LogIn(1), again = server.Connect(1);
        server.Target.Redirect = new("192.0.2.1:3260", IsPermanent: false);
        Assert.IsTrue(server.Server.RequestLogouts(TestServer.TargetName));
        Assert.IsFalse(server.Server.RequestLogouts("iqn.2026-11.test:none"));
        Assert.AreEqual(AsyncEvent.LogoutRequested, new AsyncMessageHeader(host.Receive(Opcode.AsyncMessage).Header).Event);
        Assert.AreEqual(0, host.Write(0, new byte[512]).Status, "it has time to finish");
        Assert.AreEqual(LogoutResponse.Closed, host.Logout(LogoutReason.CloseSession, 1));
        Assert.AreEqual(0x0101, again.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", again.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
    }

    /// <summary>PERSISTENT RESERVE OUT: REGISTER (0), RESERVE (1) or PREEMPT (4).</summary>
    private static CommandResult Reserve(ScriptedInitiator initiator, byte action, byte key, byte serviceKey, byte type)
    {
        byte[] parameters = new byte[24];
        (parameters[7], parameters[15]) = (key, serviceKey);
        initiator.Send(initiator.CommandHeader([0x5F, action, type, 0, 0, 0, 0, 0, 24], 24, write: true), parameters);
        return initiator.ReceiveResult();
    }

    private static byte[] DeviceIdentification(ScriptedInitiator initiator)
    {
        initiator.Send(initiator.CommandHeader([0x12, 1, 0x83, 0, 255, 0], 255, read: true));
        return initiator.ReceiveResult().Data;
    }
}

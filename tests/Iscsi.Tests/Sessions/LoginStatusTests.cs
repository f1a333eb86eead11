using System.Net;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Statuses of a login that no fault of the initiator brings about (RFC 7143 11.13.5).</summary>
[TestClass]
public class LoginStatusTests
{
    [TestMethod]
    public async Task A_connection_at_a_portal_of_another_group_cannot_be_included_in_a_session_0208()
    {
        const string Own = "iqn.2026-11.test:own";
        await using TestServer server = await TestServer.StartAsync(options => options with { Portals = [new(IPAddress.Loopback, 0), new(IPAddress.Parse("127.0.0.2"), 0)] });
        IPEndPoint here = server.Server.Portals[0], elsewhere = server.Server.Portals[1];
        server.Server.AddTarget(Own, new() { PortalGroupTag = 7, Portals = [here] });
        using ScriptedInitiator first = new(here), second = new(elsewhere), third = new(elsewhere), fourth = new(here);
        first.Login(Own, ("MaxConnections", "4"));
        foreach (ScriptedInitiator further in new[] { second, third, fourth })
            (further.Tsih, further.ConnectionId, further.Numbers) = (first.Tsih, 2, first.Numbers);
        third.Tsih ^= 0x55;
        Assert.AreEqual(0x0208, Try(second, Own));
        Assert.AreEqual(0x0203, Try(third, Own), "nobody learns there that the target is elsewhere");
        Assert.AreEqual(0, Try(fourth, Own));
    }

    [TestMethod]
    public async Task A_defect_of_the_target_is_told_0300()
    {
        FaultyClock clock = new();
        await using IscsiServer server = new(new() { Portals = [new(IPAddress.Loopback, 0)] }, time: clock);
        server.AddTarget(TestServer.TargetName);
        await server.StartAsync();
        using ScriptedInitiator unlucky = new(server.Portals[0]), lucky = new(server.Portals[0]);
        clock.Fails = true;
        Assert.AreEqual(0x0300, Try(unlucky));
        Assert.IsTrue(unlucky.IsClosedByTarget());
        Assert.AreEqual(0, Try(lucky));
        Assert.AreEqual(1L, server.RefusedLogins[0x0300]);
    }

    [TestMethod]
    public async Task Who_comes_before_the_targets_is_to_try_again_0301()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { HoldsLogins = true });
        using ScriptedInitiator early = server.Connect(), discovers = server.Connect();
        Assert.AreEqual(0x0301, Try(early));
        Assert.IsTrue(early.IsClosedByTarget());
        Assert.AreEqual(0x0301, discovers.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", discovers.InitiatorName), ("SessionType", "Discovery")).Status());
        Assert.IsEmpty(server.Server.RefusedLogins, "nobody need worry about those");
        server.Server.AdmitLogins();
        using ScriptedInitiator again = server.LogIn();
        Assert.AreEqual(0, again.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task Of_too_many_connections_the_last_is_told_0302_and_half_open_ones_do_not_count()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnections = 2 });
        using ScriptedInitiator silent = server.Connect(), one = server.LogIn(1, ("MaxConnections", "4")), two = server.Join(one, 2), three = server.NewConnection(one, 3);
        Assert.AreEqual(0x0302, Try(three));
        Assert.IsTrue(three.IsClosedByTarget());
        two.Dispose();
        one.Receive(Opcode.AsyncMessage);
        await server.Server.Context.Connections.WhenAtMostAsync(2).WaitAsync(TimeSpan.FromSeconds(20));
        using ScriptedInitiator again = server.Join(one, 3);
        Assert.AreEqual(0, again.Read(0, 1).Status);
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("2")]
    public async Task A_host_that_comes_back_takes_the_place_of_its_own_connection_when_there_are_as_many_as_may_be(string level)
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnections = 2 });
        using ScriptedInitiator one = server.LogIn(1, ("MaxConnections", "4"), ("ErrorRecoveryLevel", level)), two = server.Join(one, 2), stranger = server.Connect(2);
        Assert.AreEqual(0x0302, Try(stranger));
        // Connection reinstatement (RFC 7143 6.3.4): the old one has not been noticed to be dead.
        using ScriptedInitiator again = server.Join(one, 2), third = server.NewConnection(one, 3);
        Assert.IsTrue(two.IsClosedByTarget());
        Assert.AreEqual(0x0302, Try(third), "a further connection takes nobody's place");
        // Session reinstatement (6.3.5), then the other connection's place is free.
        using ScriptedInitiator fresh = server.Connect(1);
        fresh.Login(TestServer.TargetName);
        Assert.IsTrue(one.IsClosedByTarget());
        Assert.IsTrue(again.IsClosedByTarget());
        await server.Server.Context.Connections.WhenAtMostAsync(1).WaitAsync(TimeSpan.FromSeconds(20));
        using ScriptedInitiator late = server.LogIn(2);
        Assert.AreEqual(0, late.Read(0, 1).Status);
    }

    private static ushort Try(ScriptedInitiator initiator, string target = TestServer.TargetName) => initiator.LoginRound(
        LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("InitiatorName", initiator.InitiatorName), ("TargetName", target)).Status();

    /// <summary>A clock that throws once when it is asked for the time of day.</summary>
    private sealed class FaultyClock : TimeProvider
    {
        private int fails;

        public bool Fails { set => Volatile.Write(ref fails, value ? 1 : 0); }

        public override DateTimeOffset GetUtcNow() =>
            Interlocked.Exchange(ref fails, 0) == 0 ? base.GetUtcNow() : throw new InvalidOperationException("the clock has stopped");
    }
}

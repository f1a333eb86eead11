using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Login;

/// <summary>Who guesses is slowed down, and nobody else.</summary>
[TestClass]
public sealed class LoginBackOffTests
{
    private const string Target = "iqn.2026-11.test:a";
    private static readonly IPAddress Address = IPAddress.Parse("10.0.0.1");

    [TestMethod]
    public void Failures_hold_back_twice_as_long_each_time_up_to_a_minute_and_are_forgotten()
    {
        ManualTime time = new();
        LoginBackOff backOff = new(time);
        for (int i = 0; i < LoginBackOff.FreeFailures; i++)
        {
            backOff.Failed(Address, Target);
            Assert.IsFalse(backOff.Holds(Address, Target));
        }
        foreach (int seconds in (int[])[1, 2, 4, 8, 16, 32, 60, 60, 60])
        {
            backOff.Failed(Address, Target);
            time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.IsTrue(backOff.Holds(Address, Target), $"{seconds} s");
            time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.IsFalse(backOff.Holds(Address, Target), $"{seconds} s");
        }
        time.Advance(TimeSpan.FromMinutes(10));
        backOff.Failed(Address, Target);
        Assert.IsFalse(backOff.Holds(Address, Target));
        Assert.AreEqual(1, backOff.Count);
    }

    [TestMethod]
    public void Other_targets_and_other_addresses_are_not_held_back()
    {
        LoginBackOff backOff = new(new ManualTime());
        for (int i = 0; i < 10; i++) backOff.Failed(IPAddress.Parse("::ffff:10.0.0.1"), Target);
        Assert.IsTrue(backOff.Holds(Address, Target));
        Assert.IsFalse(backOff.Holds(Address, "iqn.2026-11.test:b"));
        Assert.IsFalse(backOff.Holds(IPAddress.Parse("10.0.0.2"), Target));
        for (int i = 0; i < 10; i++) backOff.Failed(IPAddress.Parse($"2001:db8:0:1::{i + 1:x}"), Target);
        Assert.IsTrue(backOff.Holds(IPAddress.Parse("2001:db8:0:1:ffff::1"), Target), "a host has its network's other addresses, too");
        Assert.IsFalse(backOff.Holds(IPAddress.Parse("2001:db8:0:2::1"), Target));
    }

    [TestMethod]
    public void The_table_is_bounded_and_keeps_the_newest()
    {
        LoginBackOff backOff = new(new ManualTime());
        for (int i = 0; i < 10; i++) backOff.Failed(Address, Target);
        for (int i = 0; i < 3 * LoginBackOff.MaxEntries; i++)
        {
            backOff.Failed(new IPAddress(0x0B000000 + i), Target);
            if (i % 1000 == 0) backOff.Failed(Address, Target);
        }
        Assert.AreEqual(LoginBackOff.MaxEntries, backOff.Count);
        Assert.IsTrue(backOff.Holds(Address, Target));
    }

    [TestMethod]
    public async Task Who_asks_for_a_method_that_there_is_not_is_refused_and_not_held_back()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int i = 0; i < 3 * LoginBackOff.FreeFailures; i++)
        {
            using ScriptedInitiator initiator = server.Connect((ulong)i);
            Assert.AreEqual(0x0201, initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation,
                ("InitiatorName", initiator.InitiatorName), ("TargetName", TestServer.TargetName), ("AuthMethod", "KRB5")).Status());
        }
        server.LogIn(99).Dispose();
    }

    [TestMethod]
    public async Task A_host_that_guesses_is_told_to_come_later_and_gets_to_its_other_target()
    {
        await using TestServer server = await TestServer.StartAsync(access: [new("*", new("host", new("a secret of sixteen")))]);
        server.Server.AddTarget("iqn.2026-11.test:other");
        List<ushort> answers = [];
        for (int i = 0; i <= LoginBackOff.FreeFailures + 1; i++)
        {
            using ScriptedInitiator initiator = server.Connect((ulong)i);
            answers.Add(initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
                ("InitiatorName", initiator.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        }
        Assert.IsTrue(answers.Take(LoginBackOff.FreeFailures + 1).All(status => status == 0x0201));
        Assert.AreEqual(0x0301, answers[^1]);
        using ScriptedInitiator welcome = server.Connect();
        welcome.Login("iqn.2026-11.test:other");
        Assert.AreEqual("0201=6 0301=1", string.Join(' ', server.Server.RefusedLogins.Select(refused => $"{refused.Key:x4}={refused.Value}")));
        LoginRefusal last = server.Server.LastRefusedLogin!;
        Assert.AreEqual((IPAddress.Loopback, welcome.InitiatorName, TestServer.TargetName, (ushort)0x0301, "ServiceUnavailable"),
            (last.Address, last.InitiatorName, last.TargetName, last.Status, last.Reason));
    }
}

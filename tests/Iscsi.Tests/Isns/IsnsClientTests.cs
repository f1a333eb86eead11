using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Isns;

namespace Lunaria.Iscsi.Tests.Isns;

/// <summary>The iSNS client against a server of a few lines; tests/conformance/isns.sh has a real one.</summary>
[TestClass]
public class IsnsClientTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    [TestMethod]
    public async Task Targets_and_portals_are_registered_changes_follow_and_the_end_is_told()
    {
        await using TestServer target = await TestServer.StartAsync();
        using NameServer names = new();
        Received register, change;
        await using (IsnsClient client = new(target.Server, Options(names)))
        {
            register = await names.NextAsync(IsnsFunction.Register);
            Assert.IsTrue(register.Replaces);
            Assert.AreEqual(
                $"32={TestServer.TargetName} 1=lunaria.test 0= 1=lunaria.test 2=#2 6=#60 16=127.0.0.1 17=#{target.Portal.Port} 19=#20 20=#P 23=#P 32={TestServer.TargetName} 33=#1",
                register.ToString());
            Assert.AreEqual($"32={TestServer.TargetName} 32={TestServer.TargetName} 0= 35=#92", (await names.NextAsync(IsnsFunction.RegisterForChanges)).ToString());

            target.Server.AddTarget("iqn.2026-11.test:added", new() { Alias = "disks", PortalGroupTag = 7 });
            target.Server.AddTarget("iqn.2026-11.test:elsewhere", new() { PortalGroupTag = 8, Portals = [new(IPAddress.Parse("192.0.2.77"), 3260)] });
            do change = await names.NextAsync(IsnsFunction.Register);
            while (!change.ToString().Contains("elsewhere", StringComparison.Ordinal));
            StringAssert.Contains(change.ToString(), "32=iqn.2026-11.test:added 33=#1 34=disks");
            StringAssert.Contains(change.ToString(), $"48=iqn.2026-11.test:added 49=127.0.0.1 50=#{target.Portal.Port} 51=#7");
            StringAssert.Contains(change.ToString(), $"48=iqn.2026-11.test:elsewhere 49=127.0.0.1 50=#{target.Portal.Port} 51=");
            await names.NextAsync(IsnsFunction.RegisterForChanges);
            Assert.IsNull(client.Failure);
        }
        Assert.AreEqual("32=iqn.2026-11.test:added 0= 1=lunaria.test", (await names.NextAsync(IsnsFunction.Deregister)).ToString());
    }

    [TestMethod]
    public async Task It_is_heard_before_the_period_ends_and_what_was_forgotten_is_registered_again()
    {
        await using TestServer target = await TestServer.StartAsync();
        using NameServer names = new() { PeriodSeconds = 1 };
        await using IsnsClient client = new(target.Server, Options(names));
        await names.NextAsync(IsnsFunction.Register);
        Assert.AreEqual($"32={TestServer.TargetName} 1=lunaria.test 0= 6=", (await names.NextAsync(IsnsFunction.Query)).ToString());
        await names.NextAsync(IsnsFunction.Query);
        names.Forgets = true;
        await names.NextAsync(IsnsFunction.Register);
    }

    [TestMethod]
    public async Task Inquiries_and_notices_are_answered_and_a_notice_makes_it_look()
    {
        await using TestServer target = await TestServer.StartAsync();
        using NameServer names = new();
        await using IsnsClient client = new(target.Server, Options(names));
        Received register = await names.NextAsync(IsnsFunction.Register);
        int port = (int)register.Message.Find(IsnsTag.StatusInquiryPort)!.Number;
        using TcpClient inquiry = new();
        await inquiry.ConnectAsync(IPAddress.Loopback, port);
        IsnsAttribute name = IsnsAttribute.Of(IsnsTag.NodeName, TestServer.TargetName), entity = IsnsAttribute.Of(IsnsTag.EntityIdentifier, "lunaria.test");
        Received answer = await NameServer.AskAsync(inquiry.GetStream(), new(IsnsFunction.StatusInquiry, 77, [entity, name]));
        Assert.AreEqual(((IsnsFunction)0x800D, (ushort)77, 0u, $"1=lunaria.test 32={TestServer.TargetName}"), (answer.Message.Function, answer.Message.TransactionId, answer.Message.Status, answer.ToString()));
        answer = await NameServer.AskAsync(inquiry.GetStream(), new(IsnsFunction.Change, 78, [IsnsAttribute.Of(IsnsTag.NodeName, "the server"), name, entity]));
        Assert.AreEqual(((IsnsFunction)0x8008, 0u, $"32={TestServer.TargetName}"), (answer.Message.Function, answer.Message.Status, answer.ToString()));
        await names.NextAsync(IsnsFunction.Query);
        answer = await NameServer.AskAsync(inquiry.GetStream(), new(IsnsFunction.Query, 79, [name]));
        Assert.AreEqual(9u, answer.Message.Status);
        using TcpClient beside = new();
        await beside.ConnectAsync(IPAddress.Loopback, port);
        Assert.AreEqual(0u, (await NameServer.AskAsync(beside.GetStream(), new(IsnsFunction.StatusInquiry, 81, [entity]))).Message.Status, "while the other one is open");
        // Garbage ends that conversation only.
        await inquiry.GetStream().WriteAsync(new byte[64]);
        Assert.AreEqual(0, await inquiry.GetStream().ReadAsync(new byte[1]));
        using TcpClient again = new();
        await again.ConnectAsync(IPAddress.Loopback, port);
        Assert.AreEqual(0u, (await NameServer.AskAsync(again.GetStream(), new(IsnsFunction.StatusInquiry, 80, [entity]))).Message.Status);
    }

    [TestMethod]
    public async Task A_name_server_that_is_away_is_tried_again_and_one_that_refuses_is_told()
    {
        await using TestServer target = await TestServer.StartAsync();
        NameServer names = new() { Status = 3 };
        await using IsnsClient client = new(target.Server, Options(names));
        await names.NextAsync(IsnsFunction.Register);
        await names.NextAsync(IsnsFunction.Register);
        StringAssert.Contains(client.Failure, "refuses 0001 with status 3");
        names.Dispose();
        using NameServer later = new(names.Port) { PeriodSeconds = 1 };
        await later.NextAsync(IsnsFunction.RegisterForChanges);
        await later.NextAsync(IsnsFunction.Query);
        Assert.IsNull(client.Failure);
    }

    [TestMethod]
    public void Long_messages_and_broken_ones()
    {
        IsnsAttribute[] many = [.. Enumerable.Range(0, 3000).Select(i => IsnsAttribute.Of(IsnsTag.NodeName, $"iqn.2026-11.test:{i:d6}"))];
        using MemoryStream wire = new();
        new IsnsChannel(wire).SendAsync(new(IsnsFunction.Register, 1, many), true, CancellationToken.None).GetAwaiter().GetResult();
        Received read = NameServer.Read(new MemoryStream(wire.ToArray()))!;
        Assert.HasCount(3000, read.Message.Attributes);
        Assert.AreEqual("iqn.2026-11.test:002999", read.Message.Attributes[^1].Text);
        byte[] payload = new IsnsMessage(IsnsFunction.Query, 1, [IsnsAttribute.Of(IsnsTag.NodeName, "a")]).WritePayload();
        for (int length = 1; length < payload.Length; length++)
            Assert.ThrowsExactly<InvalidDataException>(() => IsnsMessage.Read(IsnsFunction.Query, 1, payload.AsMemory(0, length)), $"{length}");
        payload[4] = 0xFF;
        Assert.ThrowsExactly<InvalidDataException>(() => IsnsMessage.Read(IsnsFunction.Query, 1, payload));
        Assert.ThrowsExactly<InvalidDataException>(() => IsnsMessage.Read(IsnsFunction.Response, 1, payload.AsMemory(0, 3)));
    }

    private static IsnsOptions Options(NameServer names) => new()
    {
        Server = new(IPAddress.Loopback, names.Port), EntityId = "lunaria.test", RegistrationPeriod = TimeSpan.FromMinutes(1), Interval = Interval,
    };
}

using System.Buffers.Binary;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>An initiator sees and reaches the LUNs that it may use, and no other, whatever it asks.</summary>
[TestClass]
public class LunMaskingTests
{
    private const int LunsChanged = 0x063F0E;
    private const int LunNotSupported = 0x052500;
    private const string One = "iqn.2026-11.test:one", Other = "iqn.2026-11.test:other";

    [TestMethod]
    public async Task Reports_commands_and_functions_know_only_the_luns_of_the_initiator()
    {
        await using TestServer server = await StartAsync(new(One) { Luns = new HashSet<int> { 1, 2, 9 } }, new("*"));
        using ScriptedInitiator one = LogIn(server, One, 1), other = LogIn(server, Other, 2);
        Assert.AreEqual("1 2", ReportLuns(one), "9 is not mapped");
        Assert.AreEqual("0 1 2 3", ReportLuns(other));
        one.ClearUnitAttention(1);
        Assert.AreEqual(0, one.Read(0, 8, lun: 1).Status);
        foreach (int lun in (int[])[0, 3, 9])
        {
            Assert.AreEqual(LunNotSupported, one.Read(0, 8, lun).SenseCode, $"LUN {lun}");
            Assert.AreEqual(LunNotSupported, one.Write(0, new byte[512], lun: lun).SenseCode, $"LUN {lun}");
            Assert.AreEqual(0x7F, Inquiry(one, lun)[0], "no device at this LUN");
            Assert.AreEqual(TaskManagementResponse.LunDoesNotExist, one.Manage(TaskManagementFunction.LogicalUnitReset, lun: lun));
            Assert.AreEqual(TaskManagementResponse.LunDoesNotExist, one.Manage(TaskManagementFunction.ClearTaskSet, lun: lun));
        }
        Assert.AreEqual(0, one.Read(0, 8, lun: 1).Status);
    }

    [TestMethod]
    public async Task A_change_is_live_and_told_once_to_whom_it_concerns()
    {
        await using TestServer server = await StartAsync(new(One) { Luns = new HashSet<int> { 0, 1 } }, new("*"));
        using ScriptedInitiator one = LogIn(server, One, 1), other = LogIn(server, Other, 2);
        foreach (int lun in (int[])[0, 1])
        {
            one.ClearUnitAttention(lun);
            other.ClearUnitAttention(lun);
        }
        server.Target.Access = [new(One) { Luns = new HashSet<int> { 0, 3 } }, new("*")];
        Assert.AreEqual(LunsChanged, one.Read(0, 8).SenseCode);
        Assert.AreEqual(0, one.Read(0, 8).Status);
        Assert.AreEqual(LunNotSupported, one.Read(0, 8, lun: 1).SenseCode);
        Assert.AreEqual("0 3", ReportLuns(one));
        one.ClearUnitAttention(3);
        Assert.AreEqual(0, one.Write(0, new byte[512], lun: 3).Status);
        Assert.AreEqual(0, other.Read(0, 8).Status, "what it sees is the same");

        // The same again, in another order: nothing that a host could notice.
        server.Target.Access = [new("*"), new(One) { Luns = new HashSet<int> { 3, 0 } }];
        Assert.AreEqual(0, one.Read(0, 8).Status);
        // A unit behind a masked number is none of its business either.
        server.Target.Luns.Add(7, new LogicalUnit(new RamBlockDevice(1 << 20, 512), new() { Identity = Guid.NewGuid() }));
        Assert.AreEqual(0, one.Read(0, 8).Status);
        Assert.AreEqual(LunsChanged, other.Read(0, 8).SenseCode);

        server.Target.Access = [new("*"), new(One)];
        Assert.AreEqual("0 1 2 3 7", ReportLuns(one));
        Assert.AreEqual(0, one.Read(0, 8).Status, "REPORT LUNS has told it");
        server.Target.Access = [new("*"), new(One) { Luns = new HashSet<int>() }];
        Assert.AreEqual("", ReportLuns(one));
        Assert.AreEqual(LunNotSupported, one.Read(0, 8).SenseCode);
    }

    [TestMethod]
    public async Task A_reservation_that_is_held_on_a_lun_ends_when_it_is_masked()
    {
        await using TestServer server = await StartAsync(new InitiatorAccess("*"));
        using ScriptedInitiator one = LogIn(server, One, 1), other = LogIn(server, Other, 2);
        one.ClearUnitAttention(2);
        other.ClearUnitAttention(2);
        byte[] reserve = new byte[16];
        reserve[0] = 0x16;
        one.Send(one.CommandHeader(reserve, lun: 2));
        Assert.AreEqual(0, one.ReceiveResult().Status);
        Assert.AreEqual(0x18, other.Read(0, 8, lun: 2).Status, "RESERVATION CONFLICT");
        server.Target.Access = [new("*"), new(One) { Luns = new HashSet<int> { 0 } }];
        Assert.AreEqual(0, other.Read(0, 8, lun: 2).Status, "without a command of the host that held it");
    }

    [TestMethod]
    public async Task Who_is_denied_while_it_logs_in_gets_no_session()
    {
        await using TestServer server = await StartAsync(new InitiatorAccess("*"));
        using ScriptedInitiator initiator = server.Connect();
        Assert.AreEqual(0, initiator.LoginRound(LoginStage.OperationalNegotiation, null,
            ("InitiatorName", initiator.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        server.Target.Access = [new(One)];
        Assert.AreEqual(0x0202, initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase).Status());
        Assert.IsTrue(initiator.IsClosedByTarget());
        await server.Server.Context.Connections.WhenAtMostAsync(0).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.IsEmpty(server.Server.Sessions);
    }

    [TestMethod]
    public async Task Addresses_decide_who_gets_in_and_what_discovery_shows()
    {
        Assert.IsTrue(AddressRange.TryParse("192.0.2.0/24", out AddressRange? elsewhere));
        Assert.IsTrue(AddressRange.TryParse("127.0.0.0/8", out AddressRange? loopback));
        await using TestServer server = await StartAsync(new InitiatorAccess("*") { Addresses = [elsewhere] });
        using ScriptedInitiator refused = server.Connect();
        Assert.AreEqual(0x0202, refused.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", refused.InitiatorName), ("TargetName", TestServer.TargetName)).Status());
        using ScriptedInitiator discovery = server.Connect();
        discovery.LoginDiscovery();
        Assert.AreEqual("", Ask());
        server.Target.Access = [new("*") { Addresses = [elsewhere, loopback] }];
        StringAssert.Contains(Ask(), TestServer.TargetName);
        using ScriptedInitiator session = server.LogIn(2);
        server.Target.Access = [new("*") { Addresses = [elsewhere] }];
        Assert.AreEqual(0, session.Read(0, 8).Status, "a session stays until somebody closes it");
        await server.Server.CloseRefusedSessionsAsync(TestServer.TargetName, "from elsewhere");
        Assert.IsTrue(session.IsDroppedByTarget());

        string Ask()
        {
            discovery.Send(SessionTests.TextRequest(discovery), ScriptedInitiatorLogin.Text(("SendTargets", "All")));
            return System.Text.Encoding.UTF8.GetString(discovery.Receive(Opcode.TextResponse).Data);
        }
    }

    private static async Task<TestServer> StartAsync(params InitiatorAccess[] access)
    {
        TestServer server = await TestServer.StartAsync(access: access);
        for (int lun = 1; lun < 4; lun++)
            server.Target.Luns.Add(lun, new LogicalUnit(new RamBlockDevice(1 << 20, 512), new() { Identity = Guid.NewGuid() }));
        return server;
    }

    private static ScriptedInitiator LogIn(TestServer server, string name, ulong isid)
    {
        ScriptedInitiator initiator = server.Connect(isid);
        initiator.InitiatorName = name;
        initiator.Login(TestServer.TargetName);
        return initiator;
    }

    private static string ReportLuns(ScriptedInitiator initiator)
    {
        byte[] cdb = new byte[16];
        cdb[0] = 0xA0;
        cdb[8] = 4;
        initiator.Send(initiator.CommandHeader(cdb, 1024, read: true));
        byte[] data = initiator.ReceiveResult().Data;
        Assert.AreEqual(data.Length - 8, BinaryPrimitives.ReadInt32BigEndian(data));
        return string.Join(' ', Enumerable.Range(1, (data.Length / 8) - 1).Select(i => data[(i * 8) + 1]));
    }

    private static byte[] Inquiry(ScriptedInitiator initiator, int lun)
    {
        byte[] cdb = new byte[16];
        cdb[0] = 0x12;
        cdb[4] = 36;
        initiator.Send(initiator.CommandHeader(cdb, 36, read: true, lun: lun));
        return initiator.ReceiveResult().Data;
    }
}

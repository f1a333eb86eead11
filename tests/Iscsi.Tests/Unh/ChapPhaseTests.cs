using System.Security.Cryptography;
using System.Text;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Unh;

/// <summary>
/// CHAP on the wire. TARGETS_ numbers are those of the UNH-IOL "CHAP Test Suite for iSCSI Targets" (1.1 of version 3.1, 3.8 and 3.9 of version 0.1: the others' titles
/// are not to be had); the rest are those of the same purposes in its suite for initiators, version 3.1, seen from the other side.
/// </summary>
[TestClass]
public class ChapPhaseTests
{
    private const string Secret = "secret of the host", OwnSecret = "secret of the target";
    private static readonly (string, string)[] Names = [("InitiatorName", "iqn.2026-11.test:initiator"), ("TargetName", TestServer.TargetName)];
    private static readonly InitiatorAccess[] Access = [new(InitiatorAccess.AnyName, new("host", new(Secret)), new("target", new(OwnSecret)))];

    [TestMethod]
    public async Task CHAP_TARGETS_1_1_The_target_does_not_transit_before_the_host_has_proved_itself()
    {
        await using TestServer server = await TestServer.StartAsync(access: Access);
        using ScriptedInitiator early = server.Connect(1), skips = server.Connect(2);
        foreach (ScriptedInitiator one in new[] { early, skips })
        {
            ReceivedPdu begun = one.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, [.. Names, ("AuthMethod", "CHAP")]);
            Assert.IsFalse(new LoginResponseHeader(begun.Header).Transit);
        }
        ReceivedPdu challenged = early.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, ("CHAP_A", "5"));
        Assert.IsFalse(new LoginResponseHeader(challenged.Header).Transit);
        ReceivedPdu proved = early.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, ("CHAP_N", "host"), ("CHAP_R", Respond(challenged.Keys())));
        Assert.IsTrue(new LoginResponseHeader(proved.Header).Transit);
        Assert.AreEqual(0x0200, skips.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("MaxConnections", "1")).Status());
        Assert.IsTrue(skips.IsClosedByTarget());
    }

    [TestMethod]
    public async Task CHAP_TARGETS_3_8_A_challenge_reflected_on_a_second_connection_is_not_answered()
    {
        await using TestServer server = await TestServer.StartAsync(access: Access);
        using ScriptedInitiator first = server.Connect(1), second = server.Connect(2);
        Dictionary<string, string> challenge = Challenge(first), other = Challenge(second);
        ReceivedPdu answer = second.LoginRound(LoginStage.SecurityNegotiation, null,
            ("CHAP_N", "host"), ("CHAP_R", "0x00112233445566778899aabbccddeeff"), ("CHAP_I", challenge["CHAP_I"]), ("CHAP_C", challenge["CHAP_C"]));
        Assert.AreEqual(0x0201, answer.Status());
        Assert.IsEmpty(answer.Data, "whoever has not proved himself gets no answer to a challenge");
        // On its own connection it is refused also with the right response.
        Assert.AreEqual(0x0201, first.LoginRound(LoginStage.SecurityNegotiation, null,
            ("CHAP_N", "host"), ("CHAP_R", Respond(challenge)), ("CHAP_I", "1"), ("CHAP_C", challenge["CHAP_C"])).Status());
        Assert.AreNotEqual(challenge["CHAP_C"], other["CHAP_C"]);
    }

    [TestMethod]
    public async Task CHAP_TARGETS_3_9_Each_connection_has_a_challenge_of_its_own_and_a_response_to_another_is_worth_nothing()
    {
        await using TestServer server = await TestServer.StartAsync(access: Access);
        using ScriptedInitiator first = server.Connect(1), second = server.Connect(2), third = server.Connect(3);
        Dictionary<string, string> challenge = Challenge(first);
        HashSet<string> seen = [challenge["CHAP_C"], Challenge(second)["CHAP_C"], Challenge(third)["CHAP_C"]];
        Assert.HasCount(3, seen);
        Assert.AreEqual(0x0201, second.LoginRound(LoginStage.SecurityNegotiation, null, ("CHAP_N", "host"), ("CHAP_R", Respond(challenge))).Status());
        Assert.AreEqual(0, first.LoginRound(LoginStage.SecurityNegotiation, null, ("CHAP_N", "host"), ("CHAP_R", Respond(challenge))).Status());
    }

    [TestMethod]
    [DataRow("1.1", "CHAP_A=5", 0)]
    [DataRow("1.2.1", "CHAP_A=99", 0x0201)]
    [DataRow("1.2.2", "CHAP_A=MD5", 0x0201)]
    [DataRow("2.3", "CHAP_I=7", 0x0200)]
    [DataRow("3.5", "CHAP_C=0x0102030405060708", 0x0200)]
    [DataRow("4.5", "CHAP_N=host", 0x0200)]
    public async Task CHAP_What_comes_first_is_an_algorithm(string number, string key, int status)
    {
        await using TestServer server = await TestServer.StartAsync(access: Access);
        using ScriptedInitiator initiator = server.Connect();
        initiator.LoginRound(LoginStage.SecurityNegotiation, null, [.. Names, ("AuthMethod", "CHAP")]);
        string[] pair = key.Split('=');
        Assert.AreEqual(status, initiator.LoginRound(LoginStage.SecurityNegotiation, null, (pair[0], pair[1])).Status(), number);
    }

    [TestMethod]
    [DataRow("1.3", "CHAP_A", "5", 0x0200)]
    [DataRow("2.1", "CHAP_I", "255", 0)]
    [DataRow("2.2", "CHAP_I", "256", 0x0200)]
    [DataRow("3.1", "CHAP_C", "*1024", 0)]
    [DataRow("3.2", "CHAP_C", "*1", 0)]
    [DataRow("3.3", "CHAP_C", "*1025", 0x0200)]
    [DataRow("3.4", "CHAP_C", "*0", 0x0200)]
    [DataRow("3.7", "CHAP_C", "reflected", 0x0201)]
    [DataRow("4.1", "CHAP_N", "host", 0)]
    [DataRow("4.2", "CHAP_N", "-255", 0x0201)]
    [DataRow("4.3", "CHAP_N", "-1", 0x0201)]
    [DataRow("4.4", "CHAP_N", "-4096", 0x0201)]
    [DataRow("4.6", "CHAP_N", "target", 0x0201)]
    [DataRow("5.1", "CHAP_R", "not a number", 0x0201)]
    [DataRow("5.2", "CHAP_R", "*1025", 0x0201)]
    [DataRow("5.3", "CHAP_R", "*1", 0x0201)]
    public async Task CHAP_Of_a_response_each_key_is_checked(string number, string key, string value, int status)
    {
        await using TestServer server = await TestServer.StartAsync(access: Access);
        using ScriptedInitiator initiator = server.Connect();
        Dictionary<string, string> challenge = Challenge(initiator);
        Dictionary<string, string> answer = new()
        {
            ["CHAP_N"] = "host", ["CHAP_R"] = Respond(challenge), ["CHAP_I"] = "1", ["CHAP_C"] = "0x0102030405060708",
        };
        answer[key] = value switch
        {
            "reflected" => challenge["CHAP_C"],
            ['*', .. string bytes] => "0x" + string.Concat(Enumerable.Repeat("5a", int.Parse(bytes, System.Globalization.CultureInfo.InvariantCulture))),
            ['-', .. string letters] => new string('h', int.Parse(letters, System.Globalization.CultureInfo.InvariantCulture)),
            _ => value,
        };
        ReceivedPdu reply = initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.FullFeaturePhase, [.. answer.Select(pair => (pair.Key, pair.Value))]);
        Assert.AreEqual(status, reply.Status(), number);
        Assert.AreEqual(status == 0, reply.Keys().ContainsKey("CHAP_R"), "only a host that is let in gets an answer to its challenge");
    }

    private static Dictionary<string, string> Challenge(ScriptedInitiator initiator)
    {
        initiator.LoginRound(LoginStage.SecurityNegotiation, null, [.. Names, ("AuthMethod", "CHAP")]);
        return initiator.LoginRound(LoginStage.SecurityNegotiation, null, ("CHAP_A", "5")).Keys();
    }

    private static string Respond(Dictionary<string, string> challenge)
    {
        Assert.IsTrue(BinaryValue.TryParse(challenge["CHAP_C"], out byte[]? bytes));
        byte identifier = byte.Parse(challenge["CHAP_I"], System.Globalization.CultureInfo.InvariantCulture);
#pragma warning disable CA5351 // The algorithm that RFC 7143 demands.
        return BinaryValue.Format(MD5.HashData([identifier, .. Encoding.UTF8.GetBytes(Secret), .. bytes]), base64: false);
#pragma warning restore CA5351
    }
}

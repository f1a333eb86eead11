using System.Net;
using System.Text;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Login;

/// <summary>The login state machine without sockets: stages, continuation, every refusal.</summary>
[TestClass]
public class LoginNegotiationTests
{
    private const string Initiator = "iqn.2026-11.test:initiator";
    private const string Target = "iqn.2026-11.test:target";
    private static readonly (string, string)[] Names = [("InitiatorName", Initiator), ("SessionType", "Normal"), ("TargetName", Target)];

    [TestMethod]
    public void Direct_operational_login_completes_in_one_round()
    {
        LoginNegotiation login = NewLogin();
        LoginReply reply = Round(login, 1, 3, [.. Names, ("HeaderDigest", "CRC32C,None"), ("MaxRecvDataSegmentLength", "65536"), ("X-org.example.key", "1")]);
        Assert.AreEqual(LoginOutcome.Complete, reply.Outcome);
        Dictionary<string, string> keys = Keys(reply);
        Assert.AreEqual("1", keys["TargetPortalGroupTag"]);
        Assert.AreEqual("CRC32C", keys["HeaderDigest"]);
        Assert.AreEqual("262144", keys["MaxRecvDataSegmentLength"]);
        Assert.AreEqual("NotUnderstood", keys["X-org.example.key"]);
        Assert.AreEqual(65536, login.Parameters.Number("MaxRecvDataSegmentLength"));
        Assert.AreEqual(Initiator, login.Identity!.InitiatorName);
    }

    [TestMethod]
    public void Security_then_operational_stage()
    {
        LoginNegotiation login = NewLogin();
        LoginReply security = Round(login, 0, 1, [.. Names, ("AuthMethod", "CHAP,None")]);
        Assert.AreEqual(LoginOutcome.Continue, security.Outcome);
        Assert.AreEqual("None", Keys(security)["AuthMethod"]);
        LoginResponseHeader header = new(security.Header);
        Assert.AreEqual((true, (byte)0, (byte)1), (header.Transit, header.CurrentStage, header.NextStage));
        LoginReply questions = Round(login, 1, null, [("InitialR2T", "No")]);
        Assert.AreEqual((LoginOutcome.Continue, "No"), (questions.Outcome, Keys(questions)["InitialR2T"]));
        Assert.AreEqual(LoginOutcome.Complete, Round(login, 1, 3, []).Outcome);
    }

    [TestMethod]
    public void A_text_split_with_the_c_bit_is_one_text()
    {
        LoginNegotiation login = NewLogin();
        byte[] text = ScriptedInitiatorLogin.Text([.. Names, ("MaxBurstLength", "65536")]);
        for (int i = 0; i < text.Length - 1; i++)
        {
            LoginReply part = login.Process(Header(1, null, c: true), text.AsSpan(i, 1));
            Assert.AreEqual((LoginOutcome.Continue, 0), (part.Outcome, part.Text.Length));
            if (i > 20) break;
        }
        LoginReply reply = login.Process(Header(1, 3), text.AsSpan(22));
        Assert.AreEqual((LoginOutcome.Complete, "65536"), (reply.Outcome, Keys(reply)["MaxBurstLength"]));
    }

    [TestMethod]
    public void A_long_answer_is_split_with_the_c_bit_and_transits_with_its_last_part()
    {
        LoginNegotiation login = NewLogin();
        List<(string, string)> keys = [.. Names];
        for (int i = 0; i < 700; i++) keys.Add(($"X-org.example.{i}", "1"));
        LoginReply reply = Round(login, 1, 3, [.. keys]);
        List<byte> text = [.. reply.Text.ToArray()];
        int parts = 1;
        while (new LoginResponseHeader(reply.Header).Continue)
        {
            Assert.IsFalse(new LoginResponseHeader(reply.Header).Transit);
            Assert.IsLessThanOrEqualTo(8192, reply.Text.Length);
            reply = Round(login, 1, 3, []);
            text.AddRange(reply.Text.ToArray());
            parts++;
        }
        Assert.IsGreaterThan(1, parts);
        Assert.AreEqual(LoginOutcome.Complete, reply.Outcome);
        List<KeyValuePair<string, string>> pairs = [];
        Assert.IsTrue(TextKeys.TryParse(text.ToArray(), pairs));
        Assert.AreEqual(700, pairs.Count(pair => pair.Value == "NotUnderstood"));
    }

    [TestMethod]
    public void Each_refusal_has_its_status()
    {
        Refused(LoginStatus.MissingParameter, 1, 3, ("SessionType", "Normal"), ("TargetName", Target));
        Refused(LoginStatus.MissingParameter, 1, 3, ("InitiatorName", Initiator));
        Refused(LoginStatus.MissingParameter, 1, 3, ("InitiatorName", new string('a', 300)), ("TargetName", Target));
        Refused(LoginStatus.NotFound, 1, 3, ("InitiatorName", Initiator), ("TargetName", "iqn.2026-11.test:other"));
        Refused(LoginStatus.SessionTypeNotSupported, 1, 3, ("InitiatorName", Initiator), ("SessionType", "Boot"), ("TargetName", Target));
        Refused(LoginStatus.InitiatorError, 1, 3, [.. Names, ("InitialR2T", "Yes"), ("InitialR2T", "No")]);
        Refused(LoginStatus.InitiatorError, 0, 2, Names);
        Refused(LoginStatus.InitiatorError, 1, 1, Names);
        Refused(LoginStatus.InitiatorError, 2, 3, Names);
        Refused(LoginStatus.InitiatorError, 3, 3, Names);
        Refused(LoginStatus.AuthenticationFailure, 0, 1, [.. Names, ("AuthMethod", "KRB5")]);
        Refused(LoginStatus.InitiatorError, 0, 1, [.. Names, ("CHAP_A", "5")]);
        Refused(LoginStatus.InitiatorError, 1, 3, [.. Names, ("AuthMethod", "None")]);

        LoginStatus Process(Action<byte[]> change, byte[]? text = null)
        {
            byte[] header = Header(1, 3);
            change(header);
            return NewLogin().Process(header, text ?? ScriptedInitiatorLogin.Text(Names)).Status;
        }
        Assert.AreEqual(LoginStatus.UnsupportedVersion, Process(header => header[3] = 1));
        Assert.AreEqual(LoginStatus.SessionDoesNotExist, Process(header => header[15] = 9));
        Assert.AreEqual(LoginStatus.InitiatorError, Process(header => header[1] |= 0x40), "T and C together");
        foreach (string malformed in new[] { "InitiatorName", "=x\0", "a=b", "\u0001\0" })
            Assert.AreEqual(LoginStatus.InitiatorError, Process(_ => { }, Encoding.UTF8.GetBytes(malformed)), malformed);
        Assert.AreEqual(LoginStatus.InitiatorError, Process(_ => { }, [.. ScriptedInitiatorLogin.Text(Names), .. new byte[64].Select(_ => (byte)'k'), (byte)'=', 0]));
    }

    [TestMethod]
    public void Initiators_without_access_are_refused()
    {
        LoginNegotiation login = NewLogin([new("iqn.2026-11.test:somebody-else")]);
        Assert.AreEqual(LoginStatus.AuthorizationFailure, Round(login, 1, 3, Names).Status);
        Assert.AreEqual(LoginOutcome.Complete, Round(NewLogin([new(Initiator.ToUpperInvariant())]), 1, 3, Names).Outcome);
        Assert.AreEqual(LoginStatus.AuthorizationFailure, Round(NewLogin([]), 1, 3, Names).Status);
    }

    [TestMethod]
    public void What_must_stay_the_same_must_stay_the_same()
    {
        foreach (Action<byte[]> change in new Action<byte[]>[] { header => header[8] ^= 1, header => header[19] ^= 1, header => header[21] ^= 1, header => header[1] &= 0xF3 })
        {
            LoginNegotiation login = NewLogin();
            Assert.AreEqual(LoginOutcome.Continue, Round(login, 1, null, Names).Outcome);
            byte[] second = Header(1, 3);
            change(second);
            Assert.AreEqual(LoginStatus.InitiatorError, login.Process(second, default).Status);
        }
    }

    [TestMethod]
    public void Rounds_and_text_have_limits()
    {
        LoginNegotiation login = NewLogin();
        Round(login, 1, null, Names);
        LoginReply reply;
        int rounds = 1;
        do reply = Round(login, 1, null, []);
        while (reply.Outcome == LoginOutcome.Continue && rounds++ < 1000);
        Assert.AreEqual((LoginStatus.InitiatorError, 64), (reply.Status, rounds));

        login = NewLogin();
        int sent = 0;
        do
        {
            reply = login.Process(Header(1, null, c: true), new byte[8192]);
            sent += 8192;
        }
        while (reply.Outcome == LoginOutcome.Continue);
        Assert.AreEqual(65536 + 8192, sent);
    }

    [TestMethod]
    public void A_key_may_be_negotiated_once_only()
    {
        LoginNegotiation login = NewLogin();
        Round(login, 1, null, [.. Names, ("MaxBurstLength", "65536")]);
        Assert.AreEqual(LoginStatus.InitiatorError, Round(login, 1, 3, [("MaxBurstLength", "131072")]).Status);
    }

    [TestMethod]
    public void Discovery_has_no_digests_and_irrelevant_keys()
    {
        LoginNegotiation login = NewLogin();
        LoginReply reply = Round(login, 1, 3,
            [("InitiatorName", Initiator), ("SessionType", "Discovery"), ("HeaderDigest", "CRC32C,None"), ("InitialR2T", "No"), ("DefaultTime2Retain", "20")]);
        Assert.AreEqual(LoginOutcome.Complete, reply.Outcome);
        Dictionary<string, string> keys = Keys(reply);
        Assert.AreEqual("None", keys["HeaderDigest"]);
        Assert.AreEqual("Irrelevant", keys["InitialR2T"]);
        Assert.AreEqual("20", keys["DefaultTime2Retain"]);
        Assert.IsFalse(keys.ContainsKey("TargetPortalGroupTag"));
        Assert.IsTrue(login.Identity!.IsDiscovery);
    }

    internal static LoginNegotiation NewLogin(IReadOnlyList<InitiatorAccess>? access = null)
    {
        TargetDirectory targets = new();
        targets.TryAdd(new(new TargetPort(Target, 1, 1), access is null ? new() : new() { Access = access }, new UnitDirectory()));
        return new(new(targets, [InitiatorAccess.Anyone], IPAddress.Loopback, new(IPAddress.Loopback, 3260)));
    }

    internal static LoginReply Round(LoginNegotiation login, byte current, byte? next, (string, string)[] keys) =>
        login.Process(Header(current, next), ScriptedInitiatorLogin.Text(keys));

    internal static Dictionary<string, string> Keys(LoginReply reply)
    {
        List<KeyValuePair<string, string>> pairs = [];
        Assert.IsTrue(TextKeys.TryParse(reply.Text.Span, pairs));
        return new(pairs);
    }

    internal static byte[] Header(byte current, byte? next, bool c = false)
    {
        byte[] bytes = new byte[BasicHeader.LengthBytes];
        LoginRequestHeader header = new(bytes)
        {
            Transit = next is not null, Continue = c, CurrentStage = current, NextStage = next ?? 0, Isid = 0x8012_3456_0001, ConnectionId = 1,
        };
        BasicHeader basic = header.Basic;
        basic.Opcode = Opcode.LoginRequest;
        basic.Immediate = true;
        basic.InitiatorTaskTag = 1;
        return bytes;
    }

    private static void Refused(LoginStatus status, byte current, byte next, params (string, string)[] keys)
    {
        LoginReply reply = Round(NewLogin(), current, next, keys);
        Assert.AreEqual((LoginOutcome.Failed, status), (reply.Outcome, reply.Status), string.Join(' ', keys));
    }
}

using System.Security.Cryptography;
using System.Text;
using Lunaria.Iscsi.Login;

namespace Lunaria.Iscsi.Tests.Login;

/// <summary>CHAP in both directions, with every algorithm and encoding, and what must fail.</summary>
[TestClass]
public class ChapTests
{
    private const string Secret = "secret of the host", OwnSecret = "secret of the target";
    private static readonly (string, string)[] Names =
        [("InitiatorName", "iqn.2026-11.test:initiator"), ("SessionType", "Normal"), ("TargetName", "iqn.2026-11.test:target")];
    private static readonly InitiatorAccess Access = new(InitiatorAccess.AnyName, new("host", new(Secret)), new("target", new(OwnSecret)));

    [TestMethod]
    [DataRow("5", false)]
    [DataRow("6", false)]
    [DataRow("7", false)]
    [DataRow("8", false)]
    [DataRow("5", true)]
    [DataRow("7", true)]
    public void RFC7143_12_1_3_The_right_response_logs_in(string algorithm, bool base64)
    {
        if (algorithm == "8" && !SHA3_256.IsSupported) Assert.Inconclusive("This platform has no SHA3-256.");
        LoginNegotiation login = LoginNegotiationTests.NewLogin([Access]);
        Dictionary<string, string> challenge = Challenge(login, algorithm);
        byte[] mine = RandomNumberGenerator.GetBytes(24);
        LoginReply reply = LoginNegotiationTests.Round(login, 0, 1,
        [
            ("CHAP_N", "host"), ("CHAP_R", BinaryValue.Format(Respond(algorithm, challenge, Secret), base64)),
            ("CHAP_I", "77"), ("CHAP_C", BinaryValue.Format(mine, base64)),
        ]);
        Assert.AreEqual(LoginStatus.Success, reply.Status);
        Dictionary<string, string> answer = LoginNegotiationTests.Keys(reply);
        Assert.AreEqual("target", answer["CHAP_N"]);
        Assert.IsTrue(BinaryValue.TryParse(answer["CHAP_R"], out byte[]? proof));
        Assert.IsTrue(proof.AsSpan().SequenceEqual(Hash(algorithm, [77, .. Encoding.UTF8.GetBytes(OwnSecret), .. mine])));
        Assert.AreEqual(LoginOutcome.Complete, LoginNegotiationTests.Round(login, 1, 3, []).Outcome);
    }

    [TestMethod]
    public void RFC7143_12_1_3_The_target_chooses_the_best_algorithm_and_refuses_unknown_ones()
    {
        string best = SHA3_256.IsSupported ? "8" : "7";
        Assert.AreEqual(best, Challenge(LoginNegotiationTests.NewLogin([Access]), "5,6,7,8")["CHAP_A"]);
        LoginNegotiation login = LoginNegotiationTests.NewLogin([Access]);
        LoginNegotiationTests.Round(login, 0, null, [.. Names, ("AuthMethod", "CHAP")]);
        Assert.AreEqual(LoginStatus.AuthenticationFailure, LoginNegotiationTests.Round(login, 0, null, [("CHAP_A", "4,99,x")]).Status);
    }

    [TestMethod]
    public void RFC1994_2_3_Challenges_do_not_repeat()
    {
        HashSet<string> seen = [];
        for (int i = 0; i < 100; i++) Assert.IsTrue(seen.Add(Challenge(LoginNegotiationTests.NewLogin([Access]), "5")["CHAP_C"]));
    }

    [TestMethod]
    public void RFC7143_12_1_3_Whoever_cannot_prove_himself_stays_outside()
    {
        Fails(challenge => [("CHAP_N", "host"), ("CHAP_R", BinaryValue.Format(Respond("5", challenge, "another secret"), false))]);
        Fails(challenge => [("CHAP_N", "guest"), ("CHAP_R", BinaryValue.Format(Respond("5", challenge, Secret), false))]);
        Fails(challenge => [("CHAP_N", "host"), ("CHAP_R", "0x")]);
        Fails(challenge => [("CHAP_N", "host"), ("CHAP_R", "0xzz")]);
        Fails(challenge => [("CHAP_N", "host"), ("CHAP_R", "0x" + new string('0', 4000))]);
        Fails(challenge => [("CHAP_N", "host")], LoginStatus.MissingParameter);
        // The target's own challenge comes back, in hope of its answer.
        Fails(challenge => [("CHAP_N", "host"), ("CHAP_R", BinaryValue.Format(Respond("5", challenge, Secret), false)),
            ("CHAP_I", challenge["CHAP_I"]), ("CHAP_C", challenge["CHAP_C"])]);
        Fails(challenge => [("CHAP_N", "host"), ("CHAP_R", BinaryValue.Format(Respond("5", challenge, Secret), false)), ("CHAP_I", "1")],
            LoginStatus.MissingParameter);
        Fails(challenge => [("CHAP_N", "host"), ("CHAP_R", BinaryValue.Format(Respond("5", challenge, Secret), false)), ("CHAP_I", "256"), ("CHAP_C", "0x01")],
            LoginStatus.InitiatorError);
    }

    [TestMethod]
    public void RFC7143_6_3_2_Authentication_cannot_be_gone_around()
    {
        Assert.AreEqual(LoginStatus.AuthenticationFailure, LoginNegotiationTests.Round(LoginNegotiationTests.NewLogin([Access]), 1, 3, Names).Status);
        Assert.AreEqual(LoginStatus.AuthenticationFailure, LoginNegotiationTests.Round(LoginNegotiationTests.NewLogin([Access]), 0, 3, Names).Status);
        Assert.AreEqual(LoginStatus.AuthenticationFailure,
            LoginNegotiationTests.Round(LoginNegotiationTests.NewLogin([Access]), 0, 1, [.. Names, ("AuthMethod", "None")]).Status);
        LoginNegotiation login = LoginNegotiationTests.NewLogin([Access]);
        LoginReply reply = LoginNegotiationTests.Round(login, 0, 1, [.. Names, ("AuthMethod", "None,CHAP")]);
        Assert.AreEqual("CHAP", LoginNegotiationTests.Keys(reply)["AuthMethod"]);
        Assert.IsFalse(new Iscsi.Pdu.LoginResponseHeader(reply.Header).Transit);
        Assert.AreEqual(LoginStatus.InitiatorError, LoginNegotiationTests.Round(login, 1, 3, []).Status);
    }

    [TestMethod]
    [DataRow(1, false, LoginStatus.Success)]
    [DataRow(1024, false, LoginStatus.Success)]
    [DataRow(1024, true, LoginStatus.Success)]
    [DataRow(1025, false, LoginStatus.InitiatorError)]
    [DataRow(1025, true, LoginStatus.InitiatorError)]
    public void RFC7143_12_1_3_A_challenge_of_up_to_1_KiB_is_answered(int lengthBytes, bool base64, object status)
    {
        LoginNegotiation login = LoginNegotiationTests.NewLogin([Access]);
        Dictionary<string, string> challenge = Challenge(login, "5");
        byte[] mine = RandomNumberGenerator.GetBytes(lengthBytes);
        mine[0] |= 1;
        LoginReply reply = LoginNegotiationTests.Round(login, 0, 1,
        [
            ("CHAP_N", "host"), ("CHAP_R", BinaryValue.Format(Respond("5", challenge, Secret), false)), ("CHAP_I", "255"), ("CHAP_C", BinaryValue.Format(mine, base64)),
        ]);
        Assert.AreEqual((LoginStatus)status, reply.Status);
        if (reply.Status != LoginStatus.Success) return;
        Assert.IsTrue(BinaryValue.TryParse(LoginNegotiationTests.Keys(reply)["CHAP_R"], out byte[]? proof));
        Assert.IsTrue(proof.AsSpan().SequenceEqual(Hash("5", [255, .. Encoding.UTF8.GetBytes(OwnSecret), .. mine])));
    }

    [TestMethod]
    public void RFC7143_12_1_3_Mutual_authentication_that_is_not_configured_fails()
    {
        LoginNegotiation login = LoginNegotiationTests.NewLogin([new(InitiatorAccess.AnyName, new("host", new(Secret)))]);
        Dictionary<string, string> challenge = Challenge(login, "5");
        Assert.AreEqual(LoginStatus.AuthenticationFailure, LoginNegotiationTests.Round(login, 0, 1,
            [("CHAP_N", "host"), ("CHAP_R", BinaryValue.Format(Respond("5", challenge, Secret), false)), ("CHAP_I", "1"), ("CHAP_C", "0x0102030405")]).Status);
    }

    [TestMethod]
    public void RFC7143_9_2_1_Secrets_print_as_stars_and_both_directions_need_their_own()
    {
        ChapSecret secret = new(Secret);
        Assert.AreEqual("***", secret.ToString());
        Assert.IsFalse(Access.ToString().Contains("secret", StringComparison.Ordinal), Access.ToString());
        Assert.ThrowsExactly<ArgumentException>(() => new InitiatorAccess("*", new("a", secret), new("b", new(Secret))));
        Assert.ThrowsExactly<ArgumentException>(() => new InitiatorAccess("*", null, new("b", secret)));
        string message = Assert.ThrowsExactly<ArgumentException>(() => new ChapSecret("short one")).Message;
        Assert.IsFalse(message.Contains("short one", StringComparison.Ordinal), message);
    }

    [TestMethod]
    [DataRow("0x1", "01")]
    [DataRow("0Xff00", "FF00")]
    [DataRow("0bAQI=", "0102")]
    [DataRow("0BAQI=", "0102")]
    [DataRow("0b", null)]
    [DataRow("0x", null)]
    [DataRow("12", null)]
    [DataRow("0b*", null)]
    public void RFC7143_6_1_Binary_values(string text, string? expected)
    {
        Assert.AreEqual(expected is not null, BinaryValue.TryParse(text, out byte[]? value));
        if (expected is not null) Assert.AreEqual(expected, Convert.ToHexString(value!));
    }

    private static Dictionary<string, string> Challenge(LoginNegotiation login, string algorithms)
    {
        LoginReply method = LoginNegotiationTests.Round(login, 0, null, [.. Names, ("AuthMethod", "CHAP,None")]);
        Assert.AreEqual("CHAP", LoginNegotiationTests.Keys(method)["AuthMethod"]);
        return LoginNegotiationTests.Keys(LoginNegotiationTests.Round(login, 0, null, [("CHAP_A", algorithms)]));
    }

    private static void Fails(Func<Dictionary<string, string>, (string, string)[]> answer, LoginStatus status = LoginStatus.AuthenticationFailure)
    {
        LoginNegotiation login = LoginNegotiationTests.NewLogin([Access]);
        Dictionary<string, string> challenge = Challenge(login, "5");
        LoginReply reply = LoginNegotiationTests.Round(login, 0, 1, answer(challenge));
        Assert.AreEqual((LoginOutcome.Failed, status), (reply.Outcome, reply.Status));
        Assert.AreEqual(0, reply.Text.Length);
    }

    private static byte[] Respond(string algorithm, Dictionary<string, string> challenge, string secret)
    {
        Assert.IsTrue(BinaryValue.TryParse(challenge["CHAP_C"], out byte[]? bytes));
        return Hash(algorithm, [byte.Parse(challenge["CHAP_I"]), .. Encoding.UTF8.GetBytes(secret), .. bytes]);
    }

#pragma warning disable CA5350, CA5351 // The algorithms that RFC 7143 names.
    private static byte[] Hash(string algorithm, byte[] bytes) => algorithm switch
    {
        "5" => MD5.HashData(bytes),
        "6" => SHA1.HashData(bytes),
        "7" => SHA256.HashData(bytes),
        _ => SHA3_256.HashData(bytes),
    };
#pragma warning restore CA5350, CA5351
}

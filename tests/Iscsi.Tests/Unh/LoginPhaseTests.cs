using System.Text;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Unh;

/// <summary>
/// The login phase (RFC 7143 6, 11.12, 11.13, 13). The public texts of the UNH-IOL suite for targets are not to be had whole; the numbers are those of the same
/// purposes in its "Login Phase Test Suite for iSCSI Initiators", version 3.0, seen from the other side.
/// </summary>
[TestClass]
public class LoginPhaseTests
{
    private static readonly (string Key, string Value)[] Names = [("InitiatorName", "iqn.2026-11.test:initiator"), ("TargetName", TestServer.TargetName)];

    [TestMethod]
    public async Task LP_1_1_A_login_through_all_stages_ends_in_the_full_feature_phase()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        ReceivedPdu security = initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, [.. Names, ("AuthMethod", "None")]);
        LoginResponseHeader header = new(security.Header);
        Assert.AreEqual((0, true, (byte)0, (byte)1, (ushort)0), (security.Status(), header.Transit, header.CurrentStage, header.NextStage, header.Tsih));
        Assert.AreEqual("None", security.Keys()["AuthMethod"]);
        ReceivedPdu last = initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("MaxBurstLength", "65536"));
        header = new(last.Header);
        Assert.AreEqual((0, true, (byte)1, (byte)3), (last.Status(), header.Transit, header.CurrentStage, header.NextStage));
        initiator.ClearUnitAttention();
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task LP_2_1_to_2_3_The_TSIH_is_given_with_the_last_response_and_names_the_session()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        Assert.AreEqual(0, new LoginResponseHeader(initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, Names).Header).Tsih);
        ReceivedPdu last = initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("MaxConnections", "2"));
        ushort tsih = initiator.Tsih = new LoginResponseHeader(last.Header).Tsih;
        Assert.AreNotEqual(0, tsih);
        using ScriptedInitiator unknown = server.NewConnection(initiator, 2);
        unknown.Tsih = (ushort)(tsih + 1);
        Assert.AreEqual(0x020A, unknown.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, Names).Status(), "2.2");
        using ScriptedInitiator second = server.NewConnection(initiator, 2);
        ReceivedPdu joined = second.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, Names);
        Assert.AreEqual((0, tsih), (joined.Status(), new LoginResponseHeader(joined.Header).Tsih), "2.3");
        using ScriptedInitiator third = server.NewConnection(initiator, 3);
        Assert.AreEqual(0x0206, third.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, Names).Status(), "two were agreed on");
    }

    [TestMethod]
    public async Task LP_3_1_and_3_2_The_target_transits_only_when_it_was_asked_to()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        (string, string)[] keys = Names;
        for (int i = 0; i < 5; i++)
        {
            LoginResponseHeader header = new(initiator.LoginRound(LoginStage.OperationalNegotiation, null, keys).Header);
            Assert.AreEqual((false, (byte)1), (header.Transit, header.CurrentStage));
            keys = [];
        }
        Assert.IsTrue(new LoginResponseHeader(initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase).Header).Transit);
    }

    [TestMethod]
    public async Task LP_4_1_to_5_1_StatSN_counts_the_responses_of_the_login_and_goes_on_after_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        uint expected = initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, Names).Basic.StatSN;
        Assert.AreEqual(++expected, initiator.LoginRound(LoginStage.OperationalNegotiation, null).Basic.StatSN);
        Assert.AreEqual(++expected, initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase).Basic.StatSN);
        initiator.Send(initiator.NewHeader(Opcode.NopOut, immediate: true));
        Assert.AreEqual(++expected, initiator.Receive(Opcode.NopIn).Basic.StatSN);
    }

    [TestMethod]
    [DataRow(true, DisplayName = "6.3 in one PDU")]
    [DataRow(false, DisplayName = "6.2 in two")]
    public async Task LP_6_1_to_6_3_A_key_that_comes_again_ends_the_login(bool together)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        (string, string) key = ("ImmediateData", "Yes");
        if (!together) Assert.AreEqual(0, initiator.LoginRound(LoginStage.OperationalNegotiation, null, [.. Names, key]).Status());
        Assert.AreEqual(0x0200, initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, together ? [.. Names, key, key] : [key]).Status());
        Assert.IsTrue(initiator.IsClosedByTarget());
    }

    [TestMethod]
    [DataRow("7.2", "HeaderDigest", "X-org.example,CRC32C,None", "CRC32C")]
    [DataRow("7.2", "DataDigest", "None,CRC32C", "None")]
    [DataRow("7.4", "FirstBurstLength", "16777216", "Reject")]
    [DataRow("7.5", "ImmediateData", "Maybe", "Reject")]
    [DataRow("7.6", "X-org.example.key", "1", "NotUnderstood")]
    [DataRow("9.1", "HeaderDigest", "None", "None")]
    [DataRow("9.2", "HeaderDigest", "MD5", "Reject")]
    [DataRow("9.3", "DataDigest", "CRC32C", "CRC32C")]
    [DataRow("10.1", "MaxConnections", "65535", "16")]
    [DataRow("10.1", "MaxConnections", "0", "Reject")]
    [DataRow("12.1", "IFMarker", "Yes", "No")]
    [DataRow("12.1", "OFMarkInt", "2048", "Irrelevant")]
    [DataRow("13.1", "InitialR2T", "No", "No")]
    [DataRow("13.1", "InitialR2T", "Yes", "Yes")]
    [DataRow("13.2", "ImmediateData", "No", "No")]
    [DataRow("13.3", "DataPDUInOrder", "yes", "Reject")]
    [DataRow("14.1", "MaxRecvDataSegmentLength", "16777215", "262144")]
    [DataRow("15.1", "MaxBurstLength", "16776192", "1048576")]
    [DataRow("15.1", "MaxBurstLength", "0x200", "512")]
    [DataRow("15.1", "MaxBurstLength", "511", "Reject")]
    [DataRow("16.1", "FirstBurstLength", "512", "512")]
    [DataRow("17.1", "DefaultTime2Retain", "3601", "Reject")]
    [DataRow("17.1", "DefaultTime2Retain", "0", "0")]
    [DataRow("18.1", "DefaultTime2Wait", "60", "60")]
    [DataRow("18.1", "DefaultTime2Wait", "0", "2")]
    [DataRow("19.1", "MaxOutstandingR2T", "65535", "16")]
    [DataRow("20.1", "ErrorRecoveryLevel", "2", "2")]
    [DataRow("20.1", "ErrorRecoveryLevel", "3", "Reject")]
    public async Task LP_7_and_9_to_20_Each_key_is_answered_by_its_rule(string number, string key, string offered, string answered)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        Assert.AreEqual(answered, initiator.Login(TestServer.TargetName, (key, offered))[key], number);
        initiator.ClearUnitAttention();
        Assert.AreEqual(0, initiator.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task LP_7_3_and_22_1_An_AuthMethod_that_is_none_of_the_targets_ends_the_login()
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach (string methods in (string[])["SRP", "KRB5,SPKM1", "X-org.example", "none"])
        {
            using ScriptedInitiator initiator = server.Connect();
            Assert.AreEqual(0x0201, initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, [.. Names, ("AuthMethod", methods)]).Status(), methods);
            Assert.IsTrue(initiator.IsClosedByTarget());
        }
    }

    [TestMethod]
    public async Task LP_8_1_Another_PDU_than_a_login_request_ends_the_login()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        Assert.AreEqual(0, initiator.LoginRound(LoginStage.OperationalNegotiation, null, Names).Status());
        initiator.Send(initiator.NewHeader(Opcode.NopOut, immediate: true));
        Assert.AreEqual(0x020B, initiator.Receive(Opcode.LoginResponse).Status());
        Assert.IsTrue(initiator.IsClosedByTarget());
    }

    [TestMethod]
    public async Task LP_11_1_Names_are_wanted_in_the_first_request_compare_without_case_and_have_up_to_223_bytes()
    {
        await using TestServer server = await TestServer.StartAsync();
        string longest = "iqn.2026-11.test:" + new string('x', IscsiName.MaxLengthBytes - 17);
        server.Server.AddTarget(longest);
        Answer(0, ("InitiatorName", longest), ("TargetName", longest.ToUpperInvariant()));
        Answer(0x0207, ("TargetName", longest));
        Answer(0x0207, ("InitiatorName", longest));
        Answer(0x0207, ("InitiatorName", longest + "x"), ("TargetName", longest));
        Answer(0x0203, ("InitiatorName", longest), ("TargetName", longest + "x"));
        Answer(0, ("InitiatorName", longest), ("TargetName", longest), ("InitiatorAlias", new string('a', 255)), ("X-org.example", new string('v', 1024)));

        void Answer(ushort status, params (string, string)[] keys)
        {
            using ScriptedInitiator initiator = server.Connect();
            Assert.AreEqual(status, initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, keys).Status());
        }
    }

    [TestMethod]
    public async Task LP_16_2_A_first_burst_longer_than_a_burst_is_cut_to_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "No"), ("ImmediateData", "Yes"), ("MaxBurstLength", "1024"), ("FirstBurstLength", "65536"));
        byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 8), 4096, write: true);
        initiator.Send(write, new byte[1024]);
        ReadyToTransferHeader r2t = new(initiator.Receive(Opcode.ReadyToTransfer).Header);
        Assert.AreEqual((1024u, 1024u), (r2t.BufferOffset, r2t.DesiredLength));
    }

    [TestMethod]
    public async Task LP_21_1_The_kind_of_session_is_checked()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator unknown = server.Connect(), normal = server.Connect(), discovery = server.Connect();
        Assert.AreEqual(0x0209, unknown.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, [.. Names, ("SessionType", "Boot")]).Status());
        normal.Login(TestServer.TargetName);
        discovery.LoginDiscovery();
    }

    [TestMethod]
    public async Task LP_23_1_The_portal_group_is_told_with_the_first_response_of_a_normal_session_only()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect(), discovery = server.Connect();
        Assert.AreEqual("1", initiator.LoginRound(LoginStage.SecurityNegotiation, LoginStage.OperationalNegotiation, Names).Keys()["TargetPortalGroupTag"]);
        Assert.IsFalse(initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase).Keys().ContainsKey("TargetPortalGroupTag"));
        Assert.IsFalse(discovery.LoginDiscovery().ContainsKey("TargetPortalGroupTag"));
    }

    [TestMethod]
    public async Task A_text_of_the_initiator_and_of_the_target_is_continued_with_the_C_bit()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        byte[] text = ScriptedInitiatorLogin.Text([.. Names, .. Enumerable.Range(0, 600).Select(i => ($"X-org.example.{i}", "1"))]);
        // In pieces that end in the middle of keys.
        List<byte> answer = [];
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(1000, text.Length - at);
            byte[] request = LoginRequest(initiator, more: at + length < text.Length);
            initiator.Send(request, text.AsSpan(at, length));
            at += length;
            ReceivedPdu response = initiator.Receive(Opcode.LoginResponse);
            Assert.AreEqual(0, response.Status());
            if (at < text.Length) Assert.AreEqual((0, false), (response.Data.Length, new LoginResponseHeader(response.Header).Transit));
            else answer.AddRange(response.Data);
            while (new LoginResponseHeader(response.Header).Continue)
            {
                Assert.IsFalse(new LoginResponseHeader(response.Header).Transit);
                initiator.Send(LoginRequest(initiator, more: false));
                response = initiator.Receive(Opcode.LoginResponse);
                answer.AddRange(response.Data);
            }
            if (at == text.Length) Assert.IsTrue(new LoginResponseHeader(response.Header).Transit);
        }
        Assert.AreEqual(600, Encoding.UTF8.GetString([.. answer]).Split("NotUnderstood").Length - 1);
        initiator.ClearUnitAttention();
    }

    [TestMethod]
    public async Task Each_status_comes_where_it_belongs()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxSessionsPerTarget = 1 });
        IscsiServer targets = server.Server;
        targets.AddTarget("iqn.2026-11.test:moved").Redirect = new("192.0.2.1:3260", IsPermanent: false);
        targets.AddTarget("iqn.2026-11.test:gone-for-good").Redirect = new("192.0.2.1:3260", IsPermanent: true);
        targets.AddTarget("iqn.2026-11.test:closed", new() { Access = [] });
        targets.AddTarget("iqn.2026-11.test:chap", new() { Access = [new("*", new("host", new("a secret of sixteen")))] });
        targets.AddTarget("iqn.2026-11.test:removed");
        await targets.RemoveTargetAsync("iqn.2026-11.test:removed");
        using ScriptedInitiator session = server.LogIn(9);
        Dictionary<ushort, (string Key, string Value)[]> byKeys = new()
        {
            [0x0101] = [Names[0], ("TargetName", "iqn.2026-11.test:moved")],
            [0x0102] = [Names[0], ("TargetName", "iqn.2026-11.test:gone-for-good")],
            [0x0200] = [.. Names, Names[0]],
            [0x0201] = [Names[0], ("TargetName", "iqn.2026-11.test:chap")],
            [0x0202] = [Names[0], ("TargetName", "iqn.2026-11.test:closed")],
            [0x0203] = [Names[0], ("TargetName", "iqn.2026-11.test:never-was")],
            [0x0204] = [Names[0], ("TargetName", "iqn.2026-11.test:removed")],
            [0x0207] = [Names[1]],
            [0x0209] = [.. Names, ("SessionType", "X")],
            [0x0302] = Names,
        };
        foreach ((ushort status, (string, string)[] keys) in byKeys)
        {
            using ScriptedInitiator initiator = server.Connect();
            Assert.AreEqual(status, initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, keys).Status(), $"{status:x4}");
            Assert.IsTrue(initiator.IsClosedByTarget());
        }
        using ScriptedInitiator version = server.Connect();
        byte[] request = LoginRequest(version, more: false);
        request[2] = request[3] = 1;
        version.Send(request, ScriptedInitiatorLogin.Text(Names));
        Assert.AreEqual(0x0205, version.Receive(Opcode.LoginResponse).Status());
        targets.AddTarget("iqn.2026-11.test:removed");
        using ScriptedInitiator again = server.Connect();
        again.Login("iqn.2026-11.test:removed");
    }

    private static byte[] LoginRequest(ScriptedInitiator initiator, bool more)
    {
        byte[] bytes = initiator.NewHeader(Opcode.LoginRequest, immediate: true);
        LoginRequestHeader header = new(bytes)
        {
            Transit = !more, Continue = more, CurrentStage = 1, NextStage = (byte)(more ? 0 : 3), Isid = initiator.Isid, ConnectionId = 1,
        };
        header.Basic.InitiatorTaskTag = 1;
        return bytes;
    }
}

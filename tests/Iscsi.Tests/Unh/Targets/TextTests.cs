using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Unh.Targets.TargetSuite;

namespace Lunaria.Iscsi.Tests.Unh.Targets;

/// <summary>Group 17 of the suite: text requests of the full feature phase (RFC 7143 6.4, 7.13, 11.10, 11.11, Appendix C).</summary>
[TestClass]
public class TextTests
{
    private const string Segment = "MaxRecvDataSegmentLength";

    [TestMethod]
    public async Task FFP_TARGETS_17_1_1_and_17_2_1_and_17_3_1_SendTargets_names_the_targets_and_no_F_bit_comes_that_was_not_sent()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        initiator.LoginDiscovery();
        ReceivedPdu response = Text(initiator, final: false, ("SendTargets", "All"));
        Assert.IsFalse(response.Basic.Final);
        Assert.AreNotEqual(BasicHeader.ReservedTag, response.Basic.TargetTransferTag);
        Assert.IsLessThanOrEqualTo(8192, response.Data.Length);
        Assert.AreEqual(TestServer.TargetName, response.Keys()["TargetName"]);
    }

    [TestMethod]
    public async Task FFP_TARGETS_17_1_2_and_17_2_2_A_declaration_is_in_force_when_its_sequence_has_ended()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        ReceivedPdu first = Text(initiator, final: false, (Segment, "512"));
        Assert.IsFalse(first.Basic.Final);
        Assert.AreNotEqual(BasicHeader.ReservedTag, first.Basic.TargetTransferTag);
        Assert.AreEqual(4096, LongestSegment(initiator));
        SendText(initiator, final: true, first.Basic.TargetTransferTag, first.Basic.InitiatorTaskTag, continues: false);
        ReceivedPdu last = initiator.Receive(Opcode.TextResponse);
        Assert.AreEqual((true, BasicHeader.ReservedTag), (last.Basic.Final, last.Basic.TargetTransferTag));
        Assert.AreEqual(512, LongestSegment(initiator));
    }

    [TestMethod]
    [DataRow(true, "", "Reject", DisplayName = "17.3.2: in a discovery session there is no target to mean (Appendix C)")]
    [DataRow(false, "All", "Reject", DisplayName = "17.3.3")]
    [DataRow(false, "", null, DisplayName = "17.3.4")]
    [DataRow(true, TestServer.TargetName, null, DisplayName = "17.3.5")]
    public async Task FFP_TARGETS_17_3_SendTargets_says_what_it_may_in_each_kind_of_session(bool discovery, string value, string? answer)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Server.AddTarget("iqn.2026-11.test:other");
        using ScriptedInitiator initiator = server.Connect();
        if (discovery) initiator.LoginDiscovery();
        else initiator.Login(TestServer.TargetName);
        Dictionary<string, string> keys = Text(initiator, final: true, ("SendTargets", value)).Keys();
        if (answer is not null) Assert.AreEqual(answer, keys["SendTargets"]);
        else Assert.AreEqual(TestServer.TargetName, keys["TargetName"]);
    }

    [TestMethod]
    public async Task FFP_TARGETS_17_4_1_In_a_discovery_session_MaxRecvDataSegmentLength_holds_for_texts()
    {
        // Draft 20 called it Irrelevant; by RFC 7143 13.12 it is for all sessions.
        await using TestServer server = await TestServer.StartAsync();
        for (int i = 0; i < 20; i++) server.Server.AddTarget($"iqn.2026-11.test:{i}");
        using ScriptedInitiator initiator = server.Connect();
        initiator.LoginDiscovery();
        Assert.IsEmpty(Text(initiator, final: true, (Segment, "512")).Keys());
        ReceivedPdu part = Text(initiator, final: true, ("SendTargets", "All"));
        Assert.AreEqual((512, true, false), (part.Data.Length, part.Basic.Continue, part.Basic.Final));
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("2")]
    public async Task FFP_TARGETS_17_4_2_A_discovery_session_has_no_connection_to_recover(string level)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.Connect();
        initiator.LoginRound(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase,
            ("InitiatorName", initiator.InitiatorName), ("SessionType", "Discovery"), ("ErrorRecoveryLevel", level));
        Text(initiator, final: true, ("SendTargets", "All"));
        Assert.AreEqual(LogoutResponse.RecoveryNotSupported, initiator.Logout(LogoutReason.RemoveConnectionForRecovery, 1));
    }

    [TestMethod]
    public async Task FFP_TARGETS_17_5_and_17_7_1_Another_task_tag_ends_the_sequence_and_what_was_said_in_it_is_not_in_force()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        ReceivedPdu first = Text(initiator, final: false, (Segment, "512"));
        byte[] wrong = SendText(initiator, final: true, first.Basic.TargetTransferTag, null, continues: false, ("InitiatorAlias", "tester"));
        Assert.AreEqual(RejectReason.ProtocolError, ReceiveReject(initiator, wrong));
        Assert.AreEqual(4096, LongestSegment(initiator));
        // The old sequence cannot be gone on with, and the key can be declared in a new one.
        byte[] old = SendText(initiator, final: true, first.Basic.TargetTransferTag, first.Basic.InitiatorTaskTag, continues: false);
        Assert.AreEqual(RejectReason.ProtocolError, ReceiveReject(initiator, old));
        ReceivedPdu again = Text(initiator, final: false, (Segment, "512"));
        SendText(initiator, final: true, again.Basic.TargetTransferTag, again.Basic.InitiatorTaskTag, continues: false);
        Assert.IsTrue(initiator.Receive(Opcode.TextResponse).Basic.Final);
        Assert.AreEqual(512, LongestSegment(initiator));
    }

    [TestMethod]
    public async Task FFP_TARGETS_17_6_A_key_is_declared_once_in_a_sequence()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        ReceivedPdu first = Text(initiator, final: false, (Segment, "512"));
        byte[] twice = SendText(initiator, final: false, first.Basic.TargetTransferTag, first.Basic.InitiatorTaskTag, continues: false, (Segment, "512"));
        Assert.AreEqual(RejectReason.ProtocolError, ReceiveReject(initiator, twice));
        ReceivedPdu anew = Text(initiator, final: false, (Segment, "512"));
        Assert.IsFalse(anew.Basic.Final);
        SendText(initiator, final: true, anew.Basic.TargetTransferTag, anew.Basic.InitiatorTaskTag, continues: false);
        Assert.IsTrue(initiator.Receive(Opcode.TextResponse).Basic.Final);
        Assert.AreEqual(512, LongestSegment(initiator));
    }

    [TestMethod]
    public async Task FFP_TARGETS_17_7_2_and_17_7_3_What_a_failed_or_unfinished_negotiation_said_is_not_in_force()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, (Segment, "1024"));
        // 17.7.2: nothing follows; the target waits for no time, and keeps what it had.
        Text(initiator, final: false, (Segment, "512"));
        Assert.AreEqual(1024, LongestSegment(initiator));
        // 17.7.3: a value out of its range.
        Assert.AreEqual("Reject", Text(initiator, final: true, (Segment, "511")).Keys()[Segment]);
        Assert.AreEqual(1024, LongestSegment(initiator));
        Text(initiator, final: true, (Segment, "2048"));
        Assert.AreEqual(2048, LongestSegment(initiator));
    }

    [TestMethod]
    public async Task FFP_TARGETS_17_8_1_and_17_8_3_A_text_in_two_parts_is_one_text()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, (Segment, "1024"));
        byte[] text = ScriptedInitiatorLogin.Text(("InitiatorAlias", new string('a', 240)), ("X-cbit.test1", new string('b', 250)), (Segment, "512"));
        // Cut in the name of the last key.
        int cut = text.Length - 9;
        byte[] first = SendText(initiator, final: false, BasicHeader.ReservedTag, null, continues: true, text.AsSpan(0, cut));
        ReceivedPdu more = initiator.Receive(Opcode.TextResponse);
        Assert.AreEqual((false, false, 0), (more.Basic.Final, more.Basic.Continue, more.Data.Length));
        Assert.AreEqual(1024, LongestSegment(initiator));
        SendText(initiator, final: true, more.Basic.TargetTransferTag, Tag(first), continues: false, text.AsSpan(cut));
        ReceivedPdu response = initiator.Receive(Opcode.TextResponse);
        Assert.IsTrue(response.Basic.Final);
        Assert.AreEqual("NotUnderstood", response.Keys()["X-cbit.test1"]);
        Assert.AreEqual(512, LongestSegment(initiator));
    }

    [TestMethod]
    public async Task FFP_TARGETS_17_8_2_C_and_F_together_are_a_protocol_error()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, (Segment, "1024"));
        byte[] both = SendText(initiator, final: true, BasicHeader.ReservedTag, null, continues: true, (Segment, "512"));
        Assert.AreEqual(RejectReason.ProtocolError, ReceiveReject(initiator, both));
        Assert.AreEqual(1024, LongestSegment(initiator));
    }
}

using Lunaria.Iscsi.Login;

namespace Lunaria.Iscsi.Tests.Login;

/// <summary>Every key of RFC 7143: result, range, refusal.</summary>
[TestClass]
public class NegotiationTableTests
{
    [TestMethod]
    [DataRow("HeaderDigest", "None,CRC32C", "None")]
    [DataRow("HeaderDigest", "CRC32C,None", "CRC32C")]
    [DataRow("HeaderDigest", "SHA,CRC32C", "CRC32C")]
    [DataRow("DataDigest", "SHA", "Reject")]
    [DataRow("MaxConnections", "8", "8")]
    [DataRow("MaxConnections", "400", "16")]
    [DataRow("MaxConnections", "0", "Reject")]
    [DataRow("InitialR2T", "No", "No")]
    [DataRow("InitialR2T", "Yes", "Yes")]
    [DataRow("InitialR2T", "yes", "Reject")]
    [DataRow("ImmediateData", "No", "No")]
    [DataRow("ImmediateData", "Yes", "Yes")]
    [DataRow("MaxBurstLength", "16776192", "1048576")]
    [DataRow("MaxBurstLength", "512", "512")]
    [DataRow("MaxBurstLength", "511", "Reject")]
    [DataRow("MaxBurstLength", "16777216", "Reject")]
    [DataRow("MaxBurstLength", "0x10000", "65536")]
    [DataRow("FirstBurstLength", "65536", "65536")]
    [DataRow("FirstBurstLength", "1048576", "262144")]
    [DataRow("DefaultTime2Wait", "0", "2")]
    [DataRow("DefaultTime2Wait", "60", "60")]
    [DataRow("DefaultTime2Wait", "3601", "Reject")]
    [DataRow("DefaultTime2Retain", "20", "20")]
    [DataRow("DefaultTime2Retain", "60", "20")]
    [DataRow("MaxOutstandingR2T", "1", "1")]
    [DataRow("MaxOutstandingR2T", "65535", "16")]
    [DataRow("DataPDUInOrder", "No", "Yes")]
    [DataRow("DataSequenceInOrder", "No", "Yes")]
    [DataRow("ErrorRecoveryLevel", "2", "2")]
    [DataRow("ErrorRecoveryLevel", "3", "Reject")]
    [DataRow("TaskReporting", "ResponseFence,RFC3720", "ResponseFence")]
    [DataRow("TaskReporting", "RFC3720,FastAbort", "RFC3720")]
    [DataRow("TaskReporting", "FastAbort", "FastAbort")]
    [DataRow("TaskReporting", "Fastabort", "Reject")]
    [DataRow("iSCSIProtocolLevel", "2", "2")]
    [DataRow("iSCSIProtocolLevel", "31", "2")]
    [DataRow("IFMarker", "Yes", "No")]
    [DataRow("OFMarker", "No", "No")]
    [DataRow("IFMarkInt", "2048~8192", "Irrelevant")]
    [DataRow("X-com.example.fast", "1", "NotUnderstood")]
    [DataRow("MaxBurstLength", "-1", "Reject")]
    [DataRow("MaxBurstLength", "", "Reject")]
    [DataRow("MaxBurstLength", "99999999999999999999", "Reject")]
    public void Answer(string key, string offered, string expected)
    {
        ParameterNegotiation negotiation = new();
        List<KeyValuePair<string, string>> answer = [];
        Assert.IsTrue(negotiation.Take(key, offered, discovery: false, answer));
        Assert.AreEqual(expected, answer.Single().Value);
        if (NegotiationTable.Find(key) is NegotiationKey row) Assert.AreEqual(expected == "Reject" ? row.Default : expected, negotiation[key]);
    }

    [TestMethod]
    public void Declared_keys_are_not_answered_unless_they_are_out_of_range()
    {
        ParameterNegotiation negotiation = new();
        List<KeyValuePair<string, string>> answer = [];
        Assert.IsTrue(negotiation.Take("MaxRecvDataSegmentLength", "16777215", false, answer));
        Assert.IsTrue(negotiation.Take("InitiatorAlias", "host", false, answer));
        Assert.IsEmpty(answer);
        Assert.AreEqual(16777215, negotiation.Number("MaxRecvDataSegmentLength"));
        negotiation.BeginSequence();
        Assert.IsTrue(negotiation.Take("MaxRecvDataSegmentLength", "511", false, answer));
        Assert.AreEqual("Reject", answer.Single().Value);
    }

    [TestMethod]
    public void An_answer_of_the_initiator_is_not_answered()
    {
        List<KeyValuePair<string, string>> answer = [];
        Assert.IsTrue(new ParameterNegotiation().Take("X-key", "NotUnderstood", false, answer));
        Assert.IsEmpty(answer);
    }

    [TestMethod]
    public void Defaults_are_those_of_the_standard_and_the_first_burst_fits_the_burst()
    {
        SessionParameters defaults = new(new());
        Assert.AreEqual((true, true, 8192, 262144, 65536, 1), (defaults.InitialR2T, defaults.ImmediateData, defaults.PeerMaxRecvDataSegmentLength,
            defaults.MaxBurstLength, defaults.FirstBurstLength, defaults.MaxOutstandingR2T));
        ParameterNegotiation small = new();
        Assert.IsTrue(small.Take("MaxBurstLength", "8192", false, []));
        Assert.AreEqual(8192, new SessionParameters(small).FirstBurstLength);
    }
}

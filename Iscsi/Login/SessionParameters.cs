namespace Lunaria.Iscsi.Login;

/// <summary>What a login agreed on, ready for use. Lengths in bytes. Owned by one connection; only a text request changes it.</summary>
internal sealed class SessionParameters
{
    /// <summary>Takes the results of a login; a further connection of a session has those of the session from <paramref name="leading"/>.</summary>
    public SessionParameters(ParameterNegotiation negotiation, SessionParameters? leading = null)
    {
        HeaderDigest = negotiation["HeaderDigest"] == "CRC32C";
        DataDigest = negotiation["DataDigest"] == "CRC32C";
        PeerMaxRecvDataSegmentLength = negotiation.Number("MaxRecvDataSegmentLength");
        InitialR2T = leading?.InitialR2T ?? negotiation.Flag("InitialR2T");
        ImmediateData = leading?.ImmediateData ?? negotiation.Flag("ImmediateData");
        MaxBurstLength = leading?.MaxBurstLength ?? negotiation.Number("MaxBurstLength");
        FirstBurstLength = leading?.FirstBurstLength ?? Math.Min(negotiation.Number("FirstBurstLength"), MaxBurstLength);
        MaxOutstandingR2T = leading?.MaxOutstandingR2T ?? negotiation.Number("MaxOutstandingR2T");
        MaxConnections = leading?.MaxConnections ?? negotiation.Number("MaxConnections");
        ErrorRecoveryLevel = leading?.ErrorRecoveryLevel ?? negotiation.Number("ErrorRecoveryLevel");
        ProtocolLevel = leading?.ProtocolLevel ?? negotiation.Number("iSCSIProtocolLevel");
        FencesResponses = leading?.FencesResponses ?? negotiation["TaskReporting"] != "RFC3720";
        FastAborts = leading?.FastAborts ?? negotiation["TaskReporting"] == "FastAbort";
        DefaultTime2WaitSeconds = leading?.DefaultTime2WaitSeconds ?? negotiation.Number("DefaultTime2Wait");
        DefaultTime2RetainSeconds = leading?.DefaultTime2RetainSeconds ?? negotiation.Number("DefaultTime2Retain");
    }

    public bool HeaderDigest { get; }
    public bool DataDigest { get; }
    public bool InitialR2T { get; }
    public bool ImmediateData { get; }
    public int PeerMaxRecvDataSegmentLength { get; set; }
    public int MaxBurstLength { get; }
    public int FirstBurstLength { get; }
    public int MaxOutstandingR2T { get; }
    public int MaxConnections { get; }
    public int ErrorRecoveryLevel { get; }

    /// <summary>iSCSIProtocolLevel: 2 = the features of RFC 7144.</summary>
    public int ProtocolLevel { get; }

    /// <summary>TaskReporting ResponseFence or FastAbort: the order of responses across connections is kept where it matters (RFC 7143 4.2.2.3).</summary>
    public bool FencesResponses { get; }

    /// <summary>TaskReporting FastAbort: an abort of many tasks is told to the other connections and waits for none of their data (RFC 7143 4.2.3.4).</summary>
    public bool FastAborts { get; }
    public int DefaultTime2WaitSeconds { get; }
    public int DefaultTime2RetainSeconds { get; }
}

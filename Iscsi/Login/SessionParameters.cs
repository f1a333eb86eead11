namespace Lunaria.Iscsi.Login;

/// <summary>What a login agreed on, ready for use. Lengths in bytes. Owned by one connection; only a text request changes it.</summary>
internal sealed class SessionParameters
{
    public SessionParameters(ParameterNegotiation negotiation)
    {
        HeaderDigest = negotiation["HeaderDigest"] == "CRC32C";
        DataDigest = negotiation["DataDigest"] == "CRC32C";
        InitialR2T = negotiation.Flag("InitialR2T");
        ImmediateData = negotiation.Flag("ImmediateData");
        PeerMaxRecvDataSegmentLength = negotiation.Number("MaxRecvDataSegmentLength");
        MaxBurstLength = negotiation.Number("MaxBurstLength");
        FirstBurstLength = Math.Min(negotiation.Number("FirstBurstLength"), MaxBurstLength);
        MaxOutstandingR2T = negotiation.Number("MaxOutstandingR2T");
        DefaultTime2WaitSeconds = negotiation.Number("DefaultTime2Wait");
        DefaultTime2RetainSeconds = negotiation.Number("DefaultTime2Retain");
    }

    public bool HeaderDigest { get; }
    public bool DataDigest { get; }
    public bool InitialR2T { get; }
    public bool ImmediateData { get; }
    public int PeerMaxRecvDataSegmentLength { get; set; }
    public int MaxBurstLength { get; }
    public int FirstBurstLength { get; }
    public int MaxOutstandingR2T { get; }
    public int DefaultTime2WaitSeconds { get; }
    public int DefaultTime2RetainSeconds { get; }
}

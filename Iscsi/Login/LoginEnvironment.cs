namespace Lunaria.Iscsi.Login;

/// <summary>What a login needs to know of the server. Immutable but for the targets, which may come and go.</summary>
internal sealed record LoginEnvironment(TargetDirectory Targets, IReadOnlyList<InitiatorAccess> DiscoveryAccess)
{
    /// <summary>Target portal group tag of the portal.</summary>
    public ushort PortalGroupTag { get; init; } = 1;

    /// <summary>What this target declares as its MaxRecvDataSegmentLength, bytes.</summary>
    public int MaxRecvDataSegmentLength { get; init; } = 262144;

    /// <summary>Longest text of one key sequence, bytes.</summary>
    public int MaxTextLengthBytes { get; init; } = 65536;

    /// <summary>Most login requests of one login.</summary>
    public int MaxRounds { get; init; } = 64;
}

using System.Net;

namespace Lunaria.Iscsi.Login;

/// <summary>What a login needs to know of the server and of its connection. Immutable but for the targets, which may come and go.</summary>
internal sealed record LoginEnvironment(TargetDirectory Targets, IReadOnlyList<InitiatorAccess> DiscoveryAccess, IPAddress PeerAddress, IPEndPoint Local)
{
    /// <summary>False while the targets are still to come: who logs in is to try again.</summary>
    public bool IsReady { get; init; } = true;

    /// <summary>Who is answered "try again later"; null = nobody.</summary>
    public LoginBackOff? BackOff { get; init; }

    /// <summary>What this target declares as its MaxRecvDataSegmentLength, bytes.</summary>
    public int MaxRecvDataSegmentLength { get; init; } = 262144;

    /// <summary>Longest text of one key sequence, bytes.</summary>
    public const int MaxTextLengthBytes = 65536;

    /// <summary>Most login requests of one login.</summary>
    public int MaxRounds { get; init; } = 64;
}

using System.Net;

namespace Lunaria.Iscsi.Login;

/// <summary>What a login needs to know of the server and of its connection. Immutable but for the targets, which may come and go.</summary>
internal sealed record LoginEnvironment(TargetDirectory Targets, IReadOnlyList<InitiatorAccess> DiscoveryAccess, IPAddress PeerAddress, IPEndPoint Local)
{
    /// <summary>False while the targets are still to come: who logs in is to try again.</summary>
    public bool IsReady { get; init; } = true;

    /// <summary>True where logins of this connection to the target of that name ("" = discovery) are answered "try again later"; see <see cref="LoginBackOff"/>.</summary>
    public Func<string, bool> HoldsBack { get; init; } = _ => false;

    /// <summary>What this target declares as its MaxRecvDataSegmentLength, bytes.</summary>
    public int MaxRecvDataSegmentLength { get; init; } = 262144;

    /// <summary>Longest text of one key sequence, bytes.</summary>
    public const int MaxTextLengthBytes = 65536;

    /// <summary>Most login requests of one login.</summary>
    public int MaxRounds { get; init; } = 64;
}

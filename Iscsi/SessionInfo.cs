using System.Net;

namespace Lunaria.Iscsi;

/// <summary>A session as others see it. Immutable.</summary>
/// <param name="TargetName">iSCSI name of the target.</param>
/// <param name="InitiatorName">iSCSI name of the initiator.</param>
/// <param name="Isid">48 bits.</param>
/// <param name="Tsih">Target session identifying handle; unique within the target.</param>
/// <param name="Peer">Where the host's first connection comes from; null for a moment at the end of the log-in.</param>
/// <param name="Portal">Where it came in; null as <paramref name="Peer"/>.</param>
/// <param name="Began">When the log-in ended.</param>
/// <param name="Connections">How many connections it has now.</param>
public sealed record SessionInfo(
    string TargetName, string InitiatorName, ulong Isid, int Tsih, EndPoint? Peer, EndPoint? Portal, DateTimeOffset Began, int Connections);

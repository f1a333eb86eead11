using System.Net;

namespace Lunaria.Iscsi;

/// <summary>A login that was refused. Names are as the initiator gave them. Immutable.</summary>
/// <param name="When">When it was answered.</param>
/// <param name="Address">Where it came from.</param>
/// <param name="InitiatorName">iSCSI name in lower case; null where it gave none.</param>
/// <param name="TargetName">The target; null where it is not there, and for discovery.</param>
/// <param name="Status">Status class and detail as one number (RFC 7143 11.13.5).</param>
/// <param name="Reason">The same as a word.</param>
public sealed record LoginRefusal(DateTimeOffset When, IPAddress Address, string? InitiatorName, string? TargetName, ushort Status, string Reason);

namespace Lunaria.Iscsi;

/// <summary>A session as others see it. Immutable.</summary>
/// <param name="TargetName">iSCSI name of the target.</param>
/// <param name="InitiatorName">iSCSI name of the initiator.</param>
/// <param name="Isid">48 bits.</param>
/// <param name="Tsih">Target session identifying handle.</param>
public sealed record SessionInfo(string TargetName, string InitiatorName, ulong Isid, int Tsih);

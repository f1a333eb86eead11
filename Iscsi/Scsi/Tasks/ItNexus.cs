using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// One I_T nexus: an initiator port and a target port that a session joins (SAM-5 4.6, RFC 7143 4.4.1). Made when a login ends,
/// attached to the <see cref="DeviceServer"/> of its target, detached when the session ends (I_T nexus loss). Shared by the
/// connections of the session.
/// </summary>
public sealed class ItNexus
{
    private NexusUnits? units;
    private IReadOnlySet<int>? usableLuns;

    /// <summary>A nexus of the initiator port <paramref name="initiatorName"/>,<paramref name="isid"/> and a target port.</summary>
    /// <param name="initiatorName">iSCSI name of the initiator.</param>
    /// <param name="isid">The 48 bits of the ISID, big-endian, in the low bits.</param>
    /// <param name="port">The target port.</param>
    public ItNexus(string initiatorName, ulong isid, TargetPort port)
    {
        InitiatorName = initiatorName;
        Isid = isid;
        Port = port;
        InitiatorPort = $"{initiatorName},i,0x{isid:x12}";
    }

    /// <summary>iSCSI name of the initiator.</summary>
    public string InitiatorName { get; }

    /// <summary>ISID of the session, 48 bits.</summary>
    public ulong Isid { get; }

    /// <summary>The target port.</summary>
    public TargetPort Port { get; }

    /// <summary>Name of the initiator port, <c>iqn,i,0xISID</c>: what a persistent reservation is bound to (SPC-4 7.6.4.6).</summary>
    public string InitiatorPort { get; }

    /// <summary>
    /// True where an earlier session of the same initiator port was lost: the first command hears I_T NEXUS LOSS OCCURRED (29/07)
    /// in place of POWER ON (29/00).
    /// </summary>
    public bool FollowsNexusLoss { get; init; }

    /// <summary>
    /// Ends the tasks of this nexus on one LUN field and completes when none is left; set by the session. Used where a command of
    /// another nexus ends them (PREEMPT AND ABORT, SPC-4 5.9.11.5). Null: the session has none in flight that could be ended.
    /// </summary>
    internal Func<ulong, ValueTask>? AbortTasks { get; init; }

    /// <summary>The LUNs that the initiator may use; null = all. Set by the target, also while the nexus is attached.</summary>
    internal IReadOnlySet<int>? UsableLuns
    {
        get => Volatile.Read(ref usableLuns);
        set => Volatile.Write(ref usableLuns, value);
    }

    /// <summary>The logical units as this nexus sees them; set by the device server while attached.</summary>
    internal NexusUnits? Units
    {
        get => Volatile.Read(ref units);
        set => Volatile.Write(ref units, value);
    }
}

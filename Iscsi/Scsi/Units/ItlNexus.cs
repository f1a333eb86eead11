namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>What a logical unit keeps for one I_T nexus (SAM-5 I_T_L nexus).</summary>
internal sealed class ItlNexus(ItNexus nexus, LogicalUnit unit)
{
    /// <summary>The I_T nexus.</summary>
    public ItNexus Nexus { get; } = nexus;

    /// <summary>The logical unit.</summary>
    public LogicalUnit Unit { get; } = unit;
}

namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>
/// Logical Block Provisioning (SBC-3 6.5.4): UNMAP and WRITE SAME with UNMAP give space back and unmapped blocks read as zeros (LBPRZ);
/// nothing can be anchored; no provisioning group descriptor (DP=0).
/// </summary>
internal static class LogicalBlockProvisioning
{
    private const int Unmap = 0x80;
    private const int WriteSame16 = 0x40;
    private const int WriteSame10 = 0x20;
    private const int ReadZeros = 0x04;

    /// <summary>PROVISIONING TYPE: 1 = resource (thick), 2 = thin.</summary>
    private const int ThinType = 2;

    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus)
    {
        bool thin = unit.Medium.Thin.Supported;
        data.Byte(thin ? unit.Limits.ThresholdExponent : 0)
            .Byte(thin ? Unmap | WriteSame16 | WriteSame10 | ReadZeros : 0)
            .Byte(thin ? ThinType : 0)
            .Byte(0);
    }
}

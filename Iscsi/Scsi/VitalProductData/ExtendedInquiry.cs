namespace Lunaria.Iscsi.Scsi.VitalProductData;

/// <summary>
/// Extended INQUIRY Data (SPC-4 7.8.7): simple, ordered and head of queue task attributes are accepted; the cache is volatile with respect
/// to power (V_SUP); other I_T nexuses' unit attentions do not hide each other.
/// </summary>
internal static class ExtendedInquiry
{
    public static void Build(ParameterData data, LogicalUnit unit, ItNexus nexus) => data
        .Byte(0x00)  // no protection information
        .Byte(0x07)  // HEADSUP, ORDSUP, SIMPSUP
        .Byte(0x00)
        .Byte(0x01)  // V_SUP
        .Zeros(56);
}

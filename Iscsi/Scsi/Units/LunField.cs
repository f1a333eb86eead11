namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>The 8-byte LUN field (SAM-5 4.7).</summary>
internal static class LunField
{
    /// <summary>The REPORT LUNS well-known logical unit (SAM-5 4.7.7.5.2, SPC-4 9.2).</summary>
    public const ulong ReportLuns = 0xC101_0000_0000_0000;

    private const int Unknown = -1;

    /// <summary>
    /// The LUN of a field in peripheral device addressing with bus 0 (SAM-5 4.7.7.2) or flat space addressing (4.7.7.3), single level;
    /// -1 for any other form.
    /// </summary>
    public static int Decode(ulong field)
    {
        if ((field & 0x0000_FFFF_FFFF_FFFF) != 0) return Unknown;
        int level = (int)(field >> 48);
        return (level >> 14) switch
        {
            0 when level < 0x100 => level,
            1 => level & 0x3FFF,
            _ => Unknown,
        };
    }

    /// <summary>The field of a LUN: peripheral device addressing below 256, flat space addressing above.</summary>
    public static ulong Encode(int lun) => (ulong)(lun < 0x100 ? lun : 0x4000 | lun) << 48;
}

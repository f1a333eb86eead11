using System.Collections.Immutable;

namespace Lunaria.Iscsi.Scsi.ModePages;

/// <summary>The mode pages, by page and subpage code. Immutable.</summary>
internal static class ModePageTable
{
    public const int CachingCode = 0x08;
    public const int ControlCode = 0x0A;

    /// <summary>WCE, byte 2 of the caching page.</summary>
    public const int WriteCacheEnable = 0x04;

    /// <summary>D_SENSE, byte 2 of the control page.</summary>
    public const int DescriptorSense = 0x04;

    /// <summary>SWP, byte 4 of the control page.</summary>
    public const int SoftwareWriteProtect = 0x08;

    public static readonly ImmutableArray<ModePage> Pages =
    [
        // Nothing is hidden from a host: a read is right or it fails.
        new("Read-Write Error Recovery", "SBC-3 6.4.8", _ => Hex("01 0A 00 00 00 00 00 00 00 00 00 00"), Hex("01 0A 00 00 00 00 00 00 00 00 00 00")),
        new("Caching", "SBC-3 6.4.5",
            options => Hex(options.WriteCache ? "08 12 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00" : "08 12 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"),
            Hex("08 12 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00")),
        // QUEUE ALGORITHM MODIFIER 1: commands are not kept in order. Busy timeout: unlimited. Self-test takes no time.
        new("Control", "SPC-4 7.5.8", _ => Hex("0A 0A 00 10 00 00 00 00 FF FF 00 00"), Hex("0A 0A 04 00 08 00 00 00 00 00 00 00")),
        new("Control Extension", "SPC-4 7.5.9", _ => Subpage(0x0A, 0x01, 28), Subpage(0x0A, 0x01, 28)),
        new("Power Condition", "SPC-4 7.5.13", _ => Page(0x1A, 38), Page(0x1A, 38)),
        // MRIE 0: informational exceptions are not reported; there are none.
        new("Informational Exceptions Control", "SPC-4 7.5.11", _ => Page(0x1C, 10), Page(0x1C, 10)),
    ];

    private static byte[] Page(byte code, byte length)
    {
        byte[] page = new byte[2 + length];
        page[0] = code;
        page[1] = length;
        return page;
    }

    private static byte[] Subpage(byte code, byte subpage, byte length)
    {
        byte[] page = new byte[4 + length];
        page[0] = (byte)(0x40 | code);
        page[1] = subpage;
        page[3] = length;
        return page;
    }

    private static byte[] Hex(string bytes) => Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal));
}

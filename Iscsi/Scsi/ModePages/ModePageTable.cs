using System.Buffers.Binary;
using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.ModePages;

/// <summary>The mode pages, by page and subpage code. Immutable.</summary>
internal static class ModePageTable
{
    private const int FirstThresholdIndex = 16;
    private const int ThresholdBytes = 8;
    private const int ThresholdEnabled = 0x80;

    public const int CachingCode = 0x08;
    public const int ControlCode = 0x0A;
    public const int ProvisioningCode = 0x1C, ProvisioningSubpage = 0x02;

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
        // PROTOCOL IDENTIFIER 5h, iSCSI, which has nothing to set here.
        new("Protocol Specific Port", "SPC-4, Protocol Specific Port mode page", _ => Hex("19 06 05 00 00 00 00 00"), Page(0x19, 6)),
        new("Power Condition", "SPC-4 7.5.13", _ => Page(0x1A, 38), Page(0x1A, 38)),
        // MRIE 0: informational exceptions are not reported; there are none.
        new("Informational Exceptions Control", "SPC-4 7.5.11", _ => Page(0x1C, 10), Page(0x1C, 10)),
        // Two soft thresholds (SITUA=0: every host hears of them): available space falling, used space rising. A host may enable each and set its count.
        new("Logical Block Provisioning", "SBC-3, Logical Block Provisioning mode page",
            _ => Hex("5C 02 00 1C 00 00 00 00 00 00 00 00 00 00 00 00  01 01 00 00 00 00 00 00  02 02 00 00 00 00 00 00"),
            Hex("5C 02 00 1C 00 00 00 00 00 00 00 00 00 00 00 00  80 00 00 00 FF FF FF FF  80 00 00 00 FF FF FF FF"))
        {
            Requires = UnitFeatures.SpaceKnown,
        },
    ];

    /// <summary>True where the page of thresholds says that the space has reached one that is enabled.</summary>
    public static bool ThresholdReached(ReadOnlySpan<byte> page, long availableSets, long usedSets)
    {
        ReadOnlySpan<byte> available = page.Slice(FirstThresholdIndex, ThresholdBytes), used = page.Slice(FirstThresholdIndex + ThresholdBytes, ThresholdBytes);
        return ((available[0] & ThresholdEnabled) != 0 && availableSets <= BinaryPrimitives.ReadUInt32BigEndian(available[4..]))
            || ((used[0] & ThresholdEnabled) != 0 && usedSets >= BinaryPrimitives.ReadUInt32BigEndian(used[4..]));
    }

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

using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Logs;

/// <summary>The log pages, by page and subpage code. Immutable.</summary>
internal static class LogPages
{
    /// <summary>FORMAT AND LINKING 11b: a binary list parameter (SPC-4 7.3.2.2.2.5).</summary>
    private const int BinaryList = 0x03;

    private const int NoTemperature = 0xFF;
    private const int NoWearPercent = 0;

    public static readonly ImmutableArray<LogPage> Pages =
    [
        new(0x00, 0x00, "Supported Log Pages", "SPC-4 7.3.15", (data, unit) =>
        {
            foreach (LogPage page in Offered(unit).Where(page => page.Subpage == 0)) data.Byte(page.Code);
        }),
        new(0x00, 0xFF, "Supported Log Pages and Subpages", "SPC-4 7.3.16", (data, unit) =>
        {
            foreach (LogPage page in Offered(unit)) data.Byte(page.Code).Byte(page.Subpage);
        }),
        new(0x0C, 0x00, "Logical Block Provisioning", "SBC-3 6.3.3", LogicalBlockProvisioning) { Requires = UnitFeatures.SpaceKnown },
        // No sensor: the temperature is not available.
        new(0x0D, 0x00, "Temperature", "SPC-4 7.3.19", (data, _) => Parameter(data, 0x0000, [0, NoTemperature])),
        // A volume does not wear: what its pool's drives lose is made good by replacing them.
        new(0x11, 0x00, "Solid State Media", "SBC-3 6.3", (data, _) => Parameter(data, 0x0001, [0, 0, 0, NoWearPercent])),
        new(0x19, 0x00, "General Statistics and Performance", "SPC-4 7.3.7", GeneralStatistics),
        // Nothing to report: additional sense code 00/00.
        new(0x2F, 0x00, "Informational Exceptions", "SPC-4 7.3.9", (data, _) => Parameter(data, 0x0000, [0, 0, NoTemperature, 0])),
    ];

    /// <summary>The page of a code and subpage; null where the unit has none.</summary>
    public static LogPage? Find(LogicalUnit unit, int code, int subpage) =>
        Offered(unit).FirstOrDefault(page => page.Code == code && page.Subpage == subpage);

    /// <summary>True where the unit has a page of this code, of whatever subpage.</summary>
    public static bool HasCode(LogicalUnit unit, int code) => Offered(unit).Any(page => page.Code == code);

    /// <summary>A page with its header: DS=1 where it has parameters, because nothing of it is saved (SPC-4 7.3.2.1).</summary>
    public static ParameterData Build(LogPage page, LogicalUnit unit)
    {
        ParameterData data = new ParameterData()
            .Byte((page.Code == 0 ? 0 : 0x80) | (page.Subpage == 0 ? 0 : 0x40) | page.Code).Byte(page.Subpage).UInt16(0);
        page.Build(data, unit);
        data.PatchUInt16(2, data.Length - 4);
        return data;
    }

    private static IEnumerable<LogPage> Offered(LogicalUnit unit) => Pages.Where(page => (page.Requires & ~unit.Features) == 0);

    private static void Parameter(ParameterData data, int code, ReadOnlySpan<byte> value) =>
        data.UInt16(code).Byte(BinaryList).Byte(value.Length).Bytes(value);

    /// <summary>Resource counts in threshold sets of 2^exponent blocks, the exponent being that of VPD page B2h.</summary>
    private static void LogicalBlockProvisioning(ParameterData data, LogicalUnit unit)
    {
        ThinSpace space = unit.Medium.Space ?? default;
        Count(0x0001, space.AvailableBytes, space.Shared);
        Count(0x0002, space.UsedBytes, shared: false);

        void Count(int code, long bytes, bool shared)
        {
            long sets = bytes >> UnitLimits.ThresholdSetShift;
            data.UInt16(code).Byte(BinaryList).Byte(8).UInt32((uint)Math.Min(sets, uint.MaxValue)).Byte(shared ? 0x02 : 0x01).Zeros(3);
        }
    }

    private static void GeneralStatistics(ParameterData data, LogicalUnit unit)
    {
        TransferCounts counts = unit.CountTransfers();
        data.UInt16(0x0001).Byte(BinaryList).Byte(0x40)
            .UInt64((ulong)counts.Reads).UInt64((ulong)counts.Writes)
            .UInt64((ulong)counts.BlocksWritten).UInt64((ulong)counts.BlocksRead)
            .Zeros(32);                                   // processing intervals are not measured
    }
}

using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// FORMAT UNIT (SBC-3 5.3), where the options of the unit allow it: every block reads as zeros afterwards. No protection information, no
/// defect lists, no initialization pattern. Meanwhile commands are answered NOT READY, FORMAT IN PROGRESS.
/// </summary>
internal static class FormatUnit
{
    private const int FormatData = 0x10;
    private const int HeaderBytes = 4;
    private const int Immediate = 0x02;

    public static readonly CommandDescriptor[] Rows =
    [
        new("FORMAT UNIT", "SBC-3 5.3", "04 18 00 00 00 00")
        {
            Direction = DataDirection.Out,
            Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
            Reservation = ReservationRule.Writes,
            Requires = UnitFeatures.Format,
            NominalSeconds = 60,
            RecommendedSeconds = 86400,
            Prepare = Prepare,
            Execute = ExecuteAsync,
        },
    ];

    private static bool Prepare(ScsiTask task)
    {
        if ((task.Cdb.Span[1] & FormatData) == 0)
            task.Direction = DataDirection.None;
        else
            task.DataOutLengthBytes = HeaderBytes;
        return true;
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        if (!CheckHeader(task, out bool immediate)) return;
        LogicalUnit unit = task.Unit!;
        var run = new SanitizeRun(unit, 1, unit.Medium.Thin.Supported ? null : (_, block) => block.Clear(), SenseCodes.FormatInProgress);
        await Sanitize.RunAsync(task, run, immediate);
    }

    private static bool CheckHeader(ScsiTask task, out bool immediate)
    {
        immediate = false;
        if (task.DataOutLengthBytes == 0) return true;
        ReadOnlySpan<byte> header = task.DataOut.Span;
        if (header.Length < HeaderBytes) return task.Fail(SenseCodes.ParameterListLengthError);
        if (header[0] != 0) return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(0));
        // FOV and what it validates, DPRY, DCRT, STPF are about defect management that is not there; IP is an initialization pattern.
        if ((header[1] & 0x08) != 0) return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(1, 3));
        if ((header[2] | header[3]) != 0) return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(2));
        immediate = (header[1] & Immediate) != 0;
        return true;
    }
}

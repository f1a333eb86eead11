using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// START STOP UNIT (SBC-3 5.23): START and LOEJ; a stop flushes first unless NO_FLUSH. A fixed unit is started or stopped; of a removable
/// one the medium is loaded or ejected, and a stop that does not eject it leaves it ready. There is nothing to spin down, so every POWER
/// CONDITION other than START_VALID (0h) is accepted without effect.
/// </summary>
internal static class StartStopUnit
{
    private const int StartBit = 0x01;
    private const int LoadEjectBit = 0x02;
    private const int NoFlushBit = 0x04;

    public static readonly CommandDescriptor[] Rows =
    [
        new("START STOP UNIT", "SBC-3 5.23", "1B 01 00 0F F7 00")
        {
            // Starting disturbs nobody (SBC-3 table 6).
            Reservation = ReservationRule.ByFields,
            RuleOf = task => (task.Cdb.Span[4] & 0xF1) == StartBit ? ReservationRule.Allowed : ReservationRule.Writes,
            RecommendedSeconds = 120,
            Prepare = Prepare,
            Execute = ExecuteAsync,
        },
    ];

    private static bool Prepare(ScsiTask task)
    {
        int flags = task.Cdb.Span[4];
        int powerCondition = flags >> 4;
        if (powerCondition != 0 || (flags & LoadEjectBit) == 0) return true;
        if (!task.Unit!.Options.Removable) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(4, 1));
        if (task.Unit.Power.RemovalPrevented) return task.Fail(SenseCodes.MediumRemovalPrevented);
        return true;
    }

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        int flags = task.Cdb.Span[4];
        if (flags >> 4 != 0) return;
        LogicalUnit unit = task.Unit!;
        bool loadEject = (flags & LoadEjectBit) != 0;
        if ((flags & StartBit) != 0)
        {
            if (unit.Power.Start(loadEject) && loadEject) unit.Establish(SenseCodes.NotReadyToReadyChange, task.Itl);
            return;
        }

        if ((flags & NoFlushBit) == 0 && !MediumOutcome.Write(task, await unit.Medium.FlushAsync(), 0)) return;
        if (loadEject || !unit.Options.Removable) unit.Power.Stop(loadEject);
    }
}

using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>PREVENT ALLOW MEDIUM REMOVAL (SPC-4 6.16): kept per I_T nexus.</summary>
internal static class PreventAllowMediumRemoval
{
    private const int Prevent = 0x01;

    public static readonly CommandDescriptor[] Rows =
    [
        new("PREVENT ALLOW MEDIUM REMOVAL", "SPC-4 6.16", "1E 00 00 00 01 00")
        {
            Reservation = ReservationRule.ByFields,
            RuleOf = task => (task.Cdb.Span[4] & Prevent) == 0 ? ReservationRule.Allowed : ReservationRule.Writes,
            Prepare = _ => true,
            Execute = Execute,
        },
    ];

    private static ValueTask Execute(ScsiTask task)
    {
        if ((task.Cdb.Span[4] & Prevent) != 0)
            task.Unit!.Power.PreventRemoval(task.Itl!);
        else
            task.Unit!.Power.AllowRemoval(task.Itl!);
        return ValueTask.CompletedTask;
    }
}

using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>SEND DIAGNOSTIC (SPC-4 6.42): the default self-test, which is passed where the unit can be reached at all.</summary>
internal static class SendDiagnostic
{
    public static readonly CommandDescriptor[] Rows =
    [
        new("SEND DIAGNOSTIC", "SPC-4 6.42", "1D 04 00 00 00 00")
        {
            Reservation = ReservationRule.Writes,
            Prepare = _ => true,
            Execute = _ => ValueTask.CompletedTask,
        },
    ];
}

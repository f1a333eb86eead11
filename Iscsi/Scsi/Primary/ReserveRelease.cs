using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>
/// RESERVE(6), RELEASE(6), RESERVE(10), RELEASE(10): SPC-2 7.21 to 7.24, which SPC-3 made obsolete and hosts without ATS still use. Only
/// the whole unit and no third party.
/// </summary>
internal static class ReserveRelease
{
    public static readonly CommandDescriptor[] Rows =
    [
        Row("RESERVE(6)", "SPC-2 7.21", "16 00 00 00 00 00", Reserve, CommandFlags.None),
        Row("RELEASE(6)", "SPC-2 7.23", "17 00 00 00 00 00", Release, CommandFlags.PassesReserve),
        Row("RESERVE(10)", "SPC-2 7.22", "56 00 00 00 00 00 00 00 00 00", Reserve, CommandFlags.None),
        Row("RELEASE(10)", "SPC-2 7.24", "57 00 00 00 00 00 00 00 00 00", Release, CommandFlags.PassesReserve),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask, ExecuteCommand execute, CommandFlags flags) =>
        new(name, clause, mask)
        {
            Flags = flags,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = execute,
        };

    /// <summary>Once anybody is registered, reservations are persistent ones (SPC-2 5.5.1; CRH=0).</summary>
    private static bool Prepare(ScsiTask task) =>
        task.Unit!.Reservations.State.Registrations.IsEmpty || task.Fail(ScsiStatus.ReservationConflict);

    private static ValueTask Reserve(ScsiTask task)
    {
        if (!task.Unit!.LegacyReservation.TryReserve(task.Itl!)) task.Fail(ScsiStatus.ReservationConflict);
        return ValueTask.CompletedTask;
    }

    private static ValueTask Release(ScsiTask task)
    {
        task.Unit!.LegacyReservation.Release(task.Itl!);
        return ValueTask.CompletedTask;
    }
}

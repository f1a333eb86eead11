using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>PERSISTENT RESERVE OUT (SPC-4 6.15): the rows; what each action does is in the files of the actions.</summary>
internal static class PersistentReserveOut
{
    private const int MaxListBytes = 64 << 10;
    private const string Mask = "5F 1F FF 00 00 FF FF FF FF 00";

    public static readonly CommandDescriptor[] Rows =
    [
        Row(0x00, "REGISTER", "SPC-4 5.9.7", RegisterActions.Register),
        Row(0x01, "RESERVE", "SPC-4 5.9.9", ReserveActions.Reserve, typed: true),
        Row(0x02, "RELEASE", "SPC-4 5.9.11.2", ReserveActions.Release, typed: true),
        Row(0x03, "CLEAR", "SPC-4 5.9.11.6", ReserveActions.Clear),
        Row(0x04, "PREEMPT", "SPC-4 5.9.11.4", PreemptActions.Preempt, typed: true),
        Row(0x05, "PREEMPT AND ABORT", "SPC-4 5.9.11.5", PreemptActions.PreemptAndAbort, typed: true),
        Row(0x06, "REGISTER AND IGNORE EXISTING KEY", "SPC-4 5.9.7", RegisterActions.RegisterAndIgnore),
        Move("REGISTER AND MOVE", "SPC-4 5.9.8"),
    ];

    /// <summary>The TYPE field of the CDB.</summary>
    public static ReservationType Type(ScsiTask task) => (ReservationType)(task.Cdb.Span[2] & 0x0F);

    private static CommandDescriptor Row(
        int serviceAction, string name, string clause,
        Func<ScsiTask, ReserveOutParameters, ReservationState, ReservationChange?> decide, bool typed = false) => Action(serviceAction, name, clause) with
        {
            Prepare = task => (!typed || CheckType(task)) && Prepare(task),
            Execute = task => ReserveOutParameters.Read(task) is { } parameters
                ? task.Unit!.Reservations.ChangeAsync(task, state => decide(task, parameters, state))
                : ValueTask.CompletedTask,
        };

    private static CommandDescriptor Move(string name, string clause) => Action(0x07, name, clause) with
    {
        Execute = task => task.Unit!.Reservations.ChangeAsync(task, state => RegisterAndMove.Decide(task, state)),
    };

    private static CommandDescriptor Action(int serviceAction, string name, string clause) => new("PERSISTENT RESERVE OUT, " + name, clause, Mask)
    {
        ServiceAction = serviceAction,
        Direction = DataDirection.Out,
        Reservation = ReservationRule.Allowed,
        Flags = CommandFlags.PassesStandby,
        Prepare = Prepare,
        Execute = _ => ValueTask.CompletedTask,
    };

    private static bool Prepare(ScsiTask task)
    {
        // While RESERVE(6) is in force, persistent reservations are closed to all (SPC-2 5.5.1).
        if (task.Unit!.LegacyReservation.Held) return task.Fail(ScsiStatus.ReservationConflict);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[5..]);
        if (length < ReserveOutParameters.BasicBytes) return task.Fail(SenseCodes.ParameterListLengthError.AtCdb(5));
        return task.Expect(length, MaxListBytes, 5);
    }

    /// <summary>SCOPE must be the logical unit and TYPE one of the six.</summary>
    private static bool CheckType(ScsiTask task)
    {
        if (task.Cdb.Span[2] >> 4 != 0) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2, 7));
        return ReservationTypes.IsKnown(Type(task)) || task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2, 3));
    }
}

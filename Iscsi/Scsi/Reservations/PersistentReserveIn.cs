using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>PERSISTENT RESERVE IN (SPC-4 6.14): READ KEYS, READ RESERVATION, REPORT CAPABILITIES, READ FULL STATUS.</summary>
internal static class PersistentReserveIn
{
    /// <summary>SIP_C and ATP_C: SPEC_I_PT and ALL_TG_PT are honoured.</summary>
    private const int SpecifyPortsCapable = 0x08 | 0x04;

    /// <summary>TMV: the type mask is valid.</summary>
    private const int TypeMaskValid = 0x80;

    public static readonly CommandDescriptor[] Rows =
    [
        Row(0x00, "PERSISTENT RESERVE IN, READ KEYS", "SPC-4 6.14.2", (data, unit) =>
        {
            foreach (Registration registration in unit.Reservations.State.Registrations) data.UInt64(registration.Key);
        }),
        Row(0x01, "PERSISTENT RESERVE IN, READ RESERVATION", "SPC-4 6.14.3", ReadReservation),
        new("PERSISTENT RESERVE IN, REPORT CAPABILITIES", "SPC-4 6.14.4", Mask)
        {
            ServiceAction = 0x02,
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = ReportCapabilities,
        },
        Row(0x03, "PERSISTENT RESERVE IN, READ FULL STATUS", "SPC-4 6.14.5", ReadFullStatus),
    ];

    private const string Mask = "5E 1F 00 00 00 00 00 FF FF 00";

    private static CommandDescriptor Row(int serviceAction, string name, string clause, Action<ParameterData, LogicalUnit> build) =>
        new(name, clause, Mask)
        {
            ServiceAction = serviceAction,
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = task =>
            {
                ParameterData data = new ParameterData().UInt32(task.Unit!.Reservations.State.Generation).UInt32(0);
                build(data, task.Unit);
                data.PatchUInt32(4, (uint)(data.Length - 8));
                task.Reply(data.Span);
                return ValueTask.CompletedTask;
            },
        };

    private static bool Prepare(ScsiTask task) => task.Allocate(BinaryPrimitives.ReadUInt16BigEndian(task.Cdb.Span[7..]));

    private static void ReadReservation(ParameterData data, LogicalUnit unit)
    {
        ReservationState state = unit.Reservations.State;
        if (!state.Reserved) return;
        // Under all registrants types there is no holder's key: 0 (SPC-4 6.14.3.2).
        ulong key = state.Holder is { } holder ? state.Find(holder)!.Key : 0;
        data.UInt64(key).UInt32(0).Byte(0).Byte((int)state.Type).UInt16(0);
    }

    private static ValueTask ReportCapabilities(ScsiTask task)
    {
        PersistentReservations reservations = task.Unit!.Reservations;
        ParameterData data = new ParameterData().UInt16(8)
            .Byte(SpecifyPortsCapable | (reservations.CanPersist ? 1 : 0))
            .Byte(TypeMaskValid | (reservations.State.Persistent ? 1 : 0))
            .UInt16(ReservationTypes.Mask)
            .UInt16(0);
        task.Reply(data.Span);
        return ValueTask.CompletedTask;
    }

    private static void ReadFullStatus(ParameterData data, LogicalUnit unit)
    {
        ReservationState state = unit.Reservations.State;
        foreach (Registration registration in state.Registrations)
        {
            bool holder = state.IsHolder(registration.Nexus);
            byte[] transportId = TransportId.Write(registration.Nexus.InitiatorPort);
            data.UInt64(registration.Key).UInt32(0)
                .Byte((registration.AllTargetPorts ? 0x02 : 0) | (holder ? 0x01 : 0))
                .Byte(holder ? (int)state.Type : 0)
                .UInt32(0)
                .UInt16(registration.RelativeTargetPort)
                .UInt32((uint)transportId.Length)
                .Bytes(transportId);
        }
    }
}

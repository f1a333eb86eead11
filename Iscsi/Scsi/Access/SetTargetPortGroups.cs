using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Access;

/// <summary>SET TARGET PORT GROUPS (SPC-4 6.45): explicit ALUA. All descriptors are checked before any takes effect.</summary>
internal static class SetTargetPortGroups
{
    private const int HeaderBytes = 4;
    private const int DescriptorBytes = 4;
    private const int MaxListBytes = 4096;

    public static readonly CommandDescriptor[] Rows =
    [
        new("SET TARGET PORT GROUPS", "SPC-4 6.45", "A4 1F 00 00 00 00 FF FF FF FF 00 00")
        {
            ServiceAction = 0x0A,
            Direction = DataDirection.Out,
            Reservation = ReservationRule.Writes,
            Flags = CommandFlags.PassesStandby,
            Prepare = task => task.Expect(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..]), MaxListBytes, 6),
            Execute = Execute,
        },
    ];

    private static ValueTask Execute(ScsiTask task)
    {
        if (task.DataOutLengthBytes != 0 && Read(task) is { } changes && task.Unit!.PortGroups.Change(changes))
            task.Unit.Establish(SenseCodes.AsymmetricAccessStateChanged, task.Itl);
        return ValueTask.CompletedTask;
    }

    private static Dictionary<ushort, AccessState>? Read(ScsiTask task)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < HeaderBytes || (list.Length - HeaderBytes) % DescriptorBytes != 0)
        {
            task.Fail(SenseCodes.ParameterListLengthError);
            return null;
        }

        var changes = new Dictionary<ushort, AccessState>();
        for (int at = HeaderBytes; at < list.Length; at += DescriptorBytes)
        {
            var state = (AccessState)(list[at] & 0x0F);
            ushort group = BinaryPrimitives.ReadUInt16BigEndian(list[(at + 2)..]);
            // A host may ask for every state but the transition, which is passed on the way (SPC-4 table 299).
            int wrong = state > AccessState.Unavailable ? at : task.Unit!.Ports.All(port => port.PortalGroupTag != group) ? at + 2 : -1;
            if (wrong >= 0)
            {
                task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(wrong));
                return null;
            }

            changes[group] = state;
        }

        return changes;
    }
}

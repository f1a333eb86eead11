using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Access;

/// <summary>REPORT TARGET PORT GROUPS (SPC-4 6.37), with the length only or the extended header.</summary>
internal static class ReportTargetPortGroups
{
    private const int ExtendedFormat = 1;

    /// <summary>T_SUP, U_SUP, S_SUP, AN_SUP, AO_SUP.</summary>
    private const int SupportedStates = 0x80 | 0x08 | 0x04 | 0x02 | 0x01;

    public static readonly CommandDescriptor[] Rows =
    [
        new("REPORT TARGET PORT GROUPS", "SPC-4 6.37", "A3 FF 00 00 00 00 FF FF FF FF 00 00")
        {
            ServiceAction = 0x0A,
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = Execute,
        },
    ];

    private static bool Prepare(ScsiTask task)
    {
        if (task.Cdb.Span[1] >> 5 > ExtendedFormat) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 7));
        return task.Allocate(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..]));
    }

    private static ValueTask Execute(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        var data = new ParameterData().UInt32(0);
        // IMPLICIT TRANSITION TIME 0: no limit stated.
        if (task.Cdb.Span[1] >> 5 == ExtendedFormat) data.Byte(ExtendedFormat << 4).Byte(0).UInt16(0);
        foreach (IGrouping<ushort, TargetPort> group in unit.Ports.GroupBy(port => port.PortalGroupTag).OrderBy(group => group.Key))
        {
            data.Byte((int)unit.PortGroups.StateOf(group.Key)).Byte(SupportedStates).UInt16(group.Key)
                .Byte(0).Byte(0).Byte(0).Byte(group.Count());
            foreach (TargetPort port in group) data.UInt16(0).UInt16(port.RelativeId);
        }

        data.PatchUInt32(0, (uint)(data.Length - 4));
        task.Reply(data.Span);
        return ValueTask.CompletedTask;
    }
}

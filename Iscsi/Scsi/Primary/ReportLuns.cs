using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>
/// REPORT LUNS (SPC-4 6.33): answered on any LUN. SELECT REPORT 00h and 11h: the logical units; 01h: the well-known one; 02h: both;
/// 10h and 12h: administrative units, of which there are none.
/// </summary>
internal static class ReportLuns
{
    public static readonly CommandDescriptor[] Rows =
    [
        new("REPORT LUNS", "SPC-4 6.33", "A0 00 FF 00 00 00 FF FF FF FF 00 00")
        {
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesUnitAttention | CommandFlags.AnyLun | CommandFlags.PassesReserve | CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = Execute,
        },
    ];

    private static bool Prepare(ScsiTask task)
    {
        if (task.Cdb.Span[2] is not (0x00 or 0x01 or 0x02 or 0x10 or 0x11 or 0x12))
            return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2));
        uint allocationLength = BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..]);
        return task.Allocate(allocationLength);
    }

    private static ValueTask Execute(ScsiTask task)
    {
        int select = task.Cdb.Span[2];
        NexusUnits? units = task.Server.Show(task.Nexus);
        var data = new ParameterData().Zeros(8);
        if (select is 0x00 or 0x02 or 0x11)
            foreach (int lun in units?.Luns ?? []) data.UInt64(LunField.Encode(lun));
        if (select is 0x01 or 0x02) data.UInt64(LunField.ReportLuns);
        data.PatchUInt32(0, (uint)(data.Length - 8));
        task.Reply(data.Span);
        foreach (ItlNexus itl in units?.All ?? []) itl.Clear(SenseCodes.ReportedLunsDataChanged);
        return ValueTask.CompletedTask;
    }
}

using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS (SPC-4 6.36), also with the extended parameter data (REPD).</summary>
internal static class ReportSupportedTaskManagement
{
    private const int Extended = 0x80;

    /// <summary>ABORT TASK, ABORT TASK SET, CLEAR TASK SET, LOGICAL UNIT RESET, QUERY TASK, TARGET RESET; no ACA, no wakeup.</summary>
    private const int Functions = 0x80 | 0x40 | 0x10 | 0x08 | 0x04 | 0x02;

    /// <summary>QUERY ASYNCHRONOUS EVENT, QUERY TASK SET, I_T NEXUS RESET: for sessions with iSCSIProtocolLevel 2.</summary>
    private const int MoreFunctions = 0x04 | 0x02 | 0x01;

    public static readonly CommandDescriptor[] Rows =
    [
        new("REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", "SPC-4 6.36", "A3 1F 80 00 00 00 FF FF FF FF 00 00")
        {
            ServiceAction = 0x0D,
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = task => task.Allocate(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..])),
            Execute = Execute,
        },
    ];

    private static ValueTask Execute(ScsiTask task)
    {
        bool extended = (task.Cdb.Span[2] & Extended) != 0;
        var data = new ParameterData().Byte(Functions).Byte(MoreFunctions).Byte(0).Byte(extended ? 0x0C : 0);
        if (extended) data.Zeros(12);
        task.Reply(data.Span);
        return ValueTask.CompletedTask;
    }
}

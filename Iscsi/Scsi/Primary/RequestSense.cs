using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>
/// REQUEST SENSE (SPC-4 6.39): the pending unit attention condition, which is thereby reported; else why the unit is not ready; else NO
/// SENSE. Sense of a failed command went with its status and is not kept.
/// </summary>
internal static class RequestSense
{
    private const int DescriptorFormat = 0x01;

    public static readonly CommandDescriptor[] Rows =
    [
        new("REQUEST SENSE", "SPC-4 6.39", "03 01 00 00 FF 00")
        {
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesUnitAttention | CommandFlags.AnyLun | CommandFlags.PassesReserve | CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = task => task.Allocate(task.Cdb.Span[4]),
            Execute = Execute,
        },
    ];

    private static ValueTask Execute(ScsiTask task)
    {
        SenseData sense = task.Unit is null
            ? SenseCodes.LogicalUnitNotSupported
            : task.Itl!.TakeUnitAttention() ?? Condition(task.Unit);
        Span<byte> data = stackalloc byte[SenseData.MaxLengthBytes];
        int length = sense.Write(data, (task.Cdb.Span[1] & DescriptorFormat) != 0);
        task.Reply(data[..length]);
        return ValueTask.CompletedTask;
    }

    private static SenseData Condition(LogicalUnit unit)
    {
        if (unit.Sanitizing is { } run) return run.InProgress;
        return unit.Power.Ready ? SenseCodes.None : unit.Power.NotReady;
    }
}

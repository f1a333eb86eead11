using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Logs;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>LOG SENSE (SPC-4 6.8): cumulative values, page by page from its first parameter.</summary>
internal static class LogSense
{
    private const int CumulativeValues = 1;

    public static readonly CommandDescriptor[] Rows =
    [
        new("LOG SENSE", "SPC-4 6.8", "4D 00 FF FF 00 00 00 FF FF 00")
        {
            Direction = DataDirection.In,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = Execute,
        },
    ];

    private static LogPage? Page(ScsiTask task) => LogPages.Find(task.Unit!, task.Cdb.Span[2] & 0x3F, task.Cdb.Span[3]);

    private static bool Prepare(ScsiTask task)
    {
        ReadOnlySpan<byte> cdb = task.Cdb.Span;
        if (cdb[2] >> 6 is not (0 or CumulativeValues)) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2, 7));
        if (!LogPages.HasCode(task.Unit!, cdb[2] & 0x3F)) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2, 5));
        if (Page(task) is null) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(3));
        return task.Allocate(BinaryPrimitives.ReadUInt16BigEndian(cdb[7..]));
    }

    private static ValueTask Execute(ScsiTask task)
    {
        if (Page(task) is { } page) task.Reply(LogPages.Build(page, task.Unit!).Span);
        return ValueTask.CompletedTask;
    }
}

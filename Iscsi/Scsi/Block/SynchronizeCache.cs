using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// SYNCHRONIZE CACHE(10), (16): SBC-3 5.24, 5.25. The whole cache is written whatever the range. With IMMED the flush is begun and the
/// status sent without waiting for it. SYNC_NV, obsolete since SBC-3, asks for less than is done and is ignored.
/// </summary>
internal static class SynchronizeCache
{
    private const int Immediate = 0x02;

    public static readonly CommandDescriptor[] Rows =
    [
        Row("SYNCHRONIZE CACHE(10)", "SBC-3 5.24", "35 06 FF FF FF FF 1F FF FF 00"),
        Row("SYNCHRONIZE CACHE(16)", "SBC-3 5.25", "91 06 FF FF FF FF FF FF FF FF FF FF FF FF 1F 00"),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask) => new(name, clause, mask)
    {
        Flags = CommandFlags.NeedsMedium,
        Reservation = ReservationRule.Writes,
        RecommendedSeconds = 120,
        Prepare = BlockRange.Take,
        Execute = ExecuteAsync,
    };

    private static ValueTask ExecuteAsync(ScsiTask task)
    {
        ValueTask<BlockStatus> flush = task.Unit!.Medium.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            MediumOutcome.Write(task, flush.GetAwaiter().GetResult(), task.Lba);
            return ValueTask.CompletedTask;
        }

        if ((task.Cdb.Span[1] & Immediate) == 0) return CompleteAsync(task, flush);
        // A flush that fails after the status fences the medium, which the next command reports.
        _ = flush.AsTask();
        return ValueTask.CompletedTask;
    }

    private static async ValueTask CompleteAsync(ScsiTask task, ValueTask<BlockStatus> flush) =>
        MediumOutcome.Write(task, await flush, task.Lba);
}

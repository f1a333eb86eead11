using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// SANITIZE (SBC-3 5.21): OVERWRITE, BLOCK ERASE on a thin medium, CRYPTOGRAPHIC ERASE on one with a key of its own, EXIT FAILURE MODE. Once begun it goes on whatever
/// becomes of the command or the session; meanwhile nearly everything is answered NOT READY, SANITIZE IN PROGRESS.
/// </summary>
internal static class Sanitize
{
    private const int Immediate = 0x80;
    private const int OverwriteHeaderBytes = 4;
    private const int Invert = 0x80;

    public static readonly CommandDescriptor[] Rows =
    [
        Row(0x01, "SANITIZE, OVERWRITE", "48 FF 00 00 00 00 00 FF FF 00", PrepareOverwrite, ExecuteOverwriteAsync),
        Row(0x02, "SANITIZE, BLOCK ERASE", "48 FF 00 00 00 00 00 00 00 00", _ => true, ExecuteEraseAsync) with { Requires = UnitFeatures.Thin },
        Row(0x03, "SANITIZE, CRYPTOGRAPHIC ERASE", "48 FF 00 00 00 00 00 00 00 00", _ => true, ExecuteCryptographicEraseAsync) with { Requires = UnitFeatures.OwnKey },
        Row(0x1F, "SANITIZE, EXIT FAILURE MODE", "48 FF 00 00 00 00 00 00 00 00", _ => true, _ => ValueTask.CompletedTask),
    ];

    private static CommandDescriptor Row(int serviceAction, string name, string mask, PrepareCommand prepare, ExecuteCommand execute)
    {
        // ZNR and AUSE mean nothing here: no zones, and no failure that could be left unrestricted.
        string narrowed = mask.Replace("48 FF", "48 9F", StringComparison.Ordinal);
        return new CommandDescriptor(name, "SBC-3 5.21", narrowed)
        {
            ServiceAction = serviceAction,
            Direction = mask.EndsWith("FF FF 00", StringComparison.Ordinal) ? DataDirection.Out : DataDirection.None,
            Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
            Reservation = ReservationRule.Writes,
            NominalSeconds = 600,
            RecommendedSeconds = 86400,
            Prepare = prepare,
            Execute = execute,
        };
    }

    private static bool PrepareOverwrite(ScsiTask task)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(task.Cdb.Span[7..]);
        int blockBytes = task.Unit!.BlockBytes;
        if (length <= OverwriteHeaderBytes || length > blockBytes + OverwriteHeaderBytes) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(7));
        return task.Expect((uint)length, length, 7);
    }

    private static ValueTask ExecuteOverwriteAsync(ScsiTask task)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        if (list.Length < OverwriteHeaderBytes)
        {
            task.Fail(SenseCodes.ParameterListLengthError);
            return ValueTask.CompletedTask;
        }

        int passes = list[0] & 0x1F;
        int patternBytes = BinaryPrimitives.ReadUInt16BigEndian(list[2..]);
        if (passes == 0 || (list[0] & 0x60) != 0)
            task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(0, passes == 0 ? 4 : 6));
        else if (patternBytes == 0 || patternBytes != list.Length - OverwriteHeaderBytes)
            task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(2));
        if (task.Status != ScsiStatus.Good) return ValueTask.CompletedTask;

        byte[] pattern = list[OverwriteHeaderBytes..].ToArray();
        bool invert = (list[0] & Invert) != 0;
        return RunAsync(task, new SanitizeRun(
            task.Unit!, passes, (pass, block) => Fill(block, pattern, invert && pass % 2 == 1), SenseCodes.SanitizeInProgress), IsImmediate(task));
    }

    private static ValueTask ExecuteEraseAsync(ScsiTask task) =>
        RunAsync(task, new SanitizeRun(task.Unit!, 1, null, SenseCodes.SanitizeInProgress), IsImmediate(task));

    /// <summary>While snapshots, clones or copies share what the medium holds, the service action is answered like one that is not offered: before anything is changed.</summary>
    private static async ValueTask ExecuteCryptographicEraseAsync(ScsiTask task)
    {
        if (await task.Unit!.Medium.CanEraseAsync())
            await RunAsync(task, SanitizeRun.OfKey(task.Unit, SenseCodes.SanitizeInProgress), IsImmediate(task));
        else
            task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 4));
    }

    private static bool IsImmediate(ScsiTask task) => (task.Cdb.Span[1] & Immediate) != 0;

    /// <summary>Begins the operation and, unless it is to be immediate, waits for its end or that of the task.</summary>
    public static async ValueTask RunAsync(ScsiTask task, SanitizeRun run, bool immediate)
    {
        LogicalUnit unit = task.Unit!;
        await unit.Gate.EnterExclusiveAsync();
        bool begun = unit.TryBeginSanitize(run);
        if (begun) unit.Rods.Changing(0, unit.Medium.Geometry.LengthBytes);
        unit.Gate.ExitExclusive();
        if (!begun)
        {
            task.Fail(run.InProgress);
            return;
        }

        run.Start();
        if (immediate) return;
        while (!run.Completed && !task.Aborted) await run.NextStep;
        if (run.Completed) MediumOutcome.Write(task, run.Outcome, 0);
    }

    /// <summary>The pattern again and again from the start of each block (SBC-3 table 95).</summary>
    private static void Fill(Span<byte> block, ReadOnlySpan<byte> pattern, bool inverted)
    {
        for (int at = 0; at < block.Length; at++)
        {
            byte value = pattern[at % pattern.Length];
            block[at] = inverted ? (byte)~value : value;
        }
    }
}

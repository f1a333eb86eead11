using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>READ DEFECT DATA(10), (12): SBC-3 5.17, 5.18. There are no defects: both lists are there and empty.</summary>
internal static class ReadDefectData
{
    public static readonly CommandDescriptor[] Rows =
    [
        Row("READ DEFECT DATA(10)", "SBC-3 5.17", "37 00 1F 00 00 00 00 FF FF 00", 2, 4,
            task => task.Allocate(BinaryPrimitives.ReadUInt16BigEndian(task.Cdb.Span[7..]))),
        Row("READ DEFECT DATA(12)", "SBC-3 5.18", "B7 1F FF FF FF FF FF FF FF FF 00 00", 1, 8,
            task => task.Allocate(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..]))),
    ];

    /// <summary>A row whose request flags and format are in byte <paramref name="flagsIndex"/> and whose answer has so many bytes.</summary>
    private static CommandDescriptor Row(string name, string clause, string mask, int flagsIndex, int answerBytes, PrepareCommand prepare) =>
        new(name, clause, mask)
        {
            Direction = DataDirection.In,
            Flags = CommandFlags.NeedsMedium,
            Reservation = ReservationRule.Reads,
            RecommendedSeconds = 30,
            Prepare = prepare,
            Execute = task =>
            {
                // PLISTV, GLISTV and the format come back as they were asked for.
                task.Reply(new ParameterData().Byte(0).Byte(task.Cdb.Span[flagsIndex]).Zeros(answerBytes - 2).Span);
                return ValueTask.CompletedTask;
            },
        };
}

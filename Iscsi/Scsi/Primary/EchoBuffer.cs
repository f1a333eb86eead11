using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>
/// READ BUFFER(10) and WRITE BUFFER (SPC-4), of all modes only those of the echo buffer, by which a host tries its way to the unit. Each I_T nexus has its
/// own, so none reads what another wrote (EBOS=1).
/// </summary>
internal static class EchoBuffer
{
    /// <summary>Bytes of an echo buffer: within the 13 bits of its descriptor.</summary>
    public const int CapacityBytes = 4096;

    private const int Data = 0x0A, Descriptor = 0x0B;
    private const int OverwrittenSupported = 0x01;

    public static readonly CommandDescriptor[] Rows =
    [
        new("WRITE BUFFER", "SPC-4, WRITE BUFFER", "3B 1F FF FF FF FF FF FF FF 00")
        {
            Direction = DataDirection.Out,
            Reservation = ReservationRule.Writes,
            RecommendedSeconds = 30,
            Prepare = task => CheckMode(task, Data, Data) && task.Expect(Length(task), CapacityBytes, 6),
            Execute = Write,
        },
        new("READ BUFFER(10)", "SPC-4, READ BUFFER", "3C 1F FF FF FF FF FF FF FF 00")
        {
            Direction = DataDirection.In,
            Reservation = ReservationRule.Writes,
            RecommendedSeconds = 30,
            Prepare = task => CheckMode(task, Data, Descriptor) && task.Allocate(Length(task)),
            Execute = Read,
        },
    ];

    private static int Mode(ScsiTask task) => task.Cdb.Span[1] & 0x1F;

    /// <summary>PARAMETER LIST LENGTH or ALLOCATION LENGTH; buffer and offset are ignored in these modes.</summary>
    private static uint Length(ScsiTask task) => BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[5..]) & 0xFFFFFF;

    private static bool CheckMode(ScsiTask task, int first, int last) =>
        (Mode(task) >= first && Mode(task) <= last) || task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(1, 4));

    private static ValueTask Write(ScsiTask task)
    {
        if (task.DataOutLengthBytes > 0) task.Itl!.EchoBuffer = task.DataOut.ToArray();
        return ValueTask.CompletedTask;
    }

    private static ValueTask Read(ScsiTask task)
    {
        if (Mode(task) == Descriptor)
            task.Reply(new ParameterData().Byte(OverwrittenSupported).Byte(0).UInt16(CapacityBytes).Span);
        else if (task.Itl!.EchoBuffer is { } written)
            task.Reply(written);
        else
            task.Fail(SenseCodes.CommandSequenceError);
        return ValueTask.CompletedTask;
    }
}

using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>COPY OPERATION ABORT (SPC-4): a copy operation of this I_T_L nexus ends between two pieces; one that is over stays as it is.</summary>
internal static class CopyOperationAbort
{
    public static readonly CommandDescriptor[] Rows =
    [
        new("COPY OPERATION ABORT", "SPC-4, COPY OPERATION ABORT", "83 1F FF FF FF FF 00 00 00 00 00 00 00 00 00 00")
        {
            ServiceAction = 0x1C,
            Reservation = ReservationRule.Allowed,
            Prepare = task => Operation(task) is not null || task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2)),
            Execute = task =>
            {
                Operation(task)?.Abort();
                return ValueTask.CompletedTask;
            },
        },
    ];

    private static CopyOperation? Operation(ScsiTask task) => task.Itl!.Copies.Find(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[2..]));
}

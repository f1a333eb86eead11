using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// EXTENDED COPY(LID1) and (LID4): SPC-4 6.4, 6.5. Segments block to block between any two logical units that the initiator is logged in
/// to on this appliance. The list is checked as a whole before the first block moves.
/// </summary>
internal static class ExtendedCopy
{
    private const int MaxListBytes = 64 << 10;

    public static readonly CommandDescriptor[] Rows =
    [
        Row(0x00, "EXTENDED COPY(LID1)", "SPC-4 6.4", CopyRequest.ReadLid1),
        Row(0x01, "EXTENDED COPY(LID4)", "SPC-4 6.5", CopyRequest.ReadLid4),
    ];

    private readonly record struct Side(ItlNexus? Itl, long OffsetBytes);

    private static CommandDescriptor Row(int serviceAction, string name, string clause, Func<ScsiTask, CopyRequest?> read) =>
        new(name, clause, "83 1F 00 00 00 00 00 00 00 00 FF FF FF FF 00 00")
        {
            ServiceAction = serviceAction,
            Direction = DataDirection.Out,
            Reservation = ReservationRule.Writes,
            NominalSeconds = 5,
            RecommendedSeconds = 600,
            Prepare = task => task.Expect(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[10..]), MaxListBytes, 10),
            Execute = task => task.DataOutLengthBytes == 0 || read(task) is not { } request ? ValueTask.CompletedTask : ExecuteAsync(task, request),
        };

    private static async ValueTask ExecuteAsync(ScsiTask task, CopyRequest request)
    {
        ItlNexus?[] units = [.. request.Cscds.Select(cscd => CopyTargets.Find(task, cscd))];
        int processed = 0;
        long bytes = 0;
        if (request.Segments.All(segment => Check(task, request, units, segment, out _, out _, out _)))
        {
            foreach (CopySegment segment in request.Segments)
            {
                Check(task, request, units, segment, out Side source, out Side destination, out long lengthBytes);
                BlockStatus status = await BlockCopy.CopyAsync(
                    task, source.Itl!.Unit, source.OffsetBytes, destination.Itl!.Unit, destination.OffsetBytes, lengthBytes);
                if (!Complete(task, status, processed)) break;
                processed++;
                bytes += lengthBytes;
            }
        }

        if (request.KeepsResult)
            task.Itl!.CopyResults.Keep(new CopyResult((byte)task.Command!.ServiceAction, request.ListId, task.Status, task.Sense, processed, bytes));
    }

    /// <summary>Checks one segment against the units it names and gives its two sides.</summary>
    private static bool Check(
        ScsiTask task, CopyRequest request, ItlNexus?[] units, CopySegment segment, out Side source, out Side destination, out long lengthBytes)
    {
        source = destination = default;
        lengthBytes = 0;
        if (segment.SourceIndex >= units.Length || segment.DestinationIndex >= units.Length) return task.Fail(SenseCodes.UnreachableCopyTarget);
        ItlNexus? from = units[segment.SourceIndex];
        ItlNexus? to = units[segment.DestinationIndex];
        if (from is null || to is null || !CopyTargets.MayCopy(from, to)) return task.Fail(SenseCodes.CopyTargetDeviceNotReachable);
        int fromBlock = from.Unit.BlockBytes;
        int toBlock = to.Unit.BlockBytes;
        if (request.Cscds[segment.SourceIndex].BlockBytes != fromBlock || request.Cscds[segment.DestinationIndex].BlockBytes != toBlock)
            return task.Fail(SenseCodes.CopyTargetDeviceNotReachable);
        lengthBytes = (long)segment.Blocks * (segment.CountsDestination ? toBlock : fromBlock);
        // A copy between units of different block length must come out even on both.
        if (lengthBytes % fromBlock != 0 || lengthBytes % toBlock != 0) return task.Fail(SenseCodes.CopyAborted);
        if (!Fits(segment.SourceLba, lengthBytes / fromBlock, from.Unit) || !Fits(segment.DestinationLba, lengthBytes / toBlock, to.Unit))
            return task.Fail(SenseCodes.CopyAborted);
        source = new Side(from, (long)segment.SourceLba * fromBlock);
        destination = new Side(to, (long)segment.DestinationLba * toBlock);
        return true;
    }

    private static bool Fits(ulong lba, long blocks, LogicalUnit unit) =>
        lba <= (ulong)unit.Blocks && (ulong)blocks <= (ulong)unit.Blocks - lba;

    /// <summary>Out of space and BUSY mean the same here as for a WRITE; everything else aborts the copy, with the number of segments done.</summary>
    private static bool Complete(ScsiTask task, BlockStatus status, int processed) => status switch
    {
        BlockStatus.Ok => true,
        BlockStatus.OutOfSpace => task.Fail(SenseCodes.SpaceAllocationFailed),
        BlockStatus.Unavailable => task.Fail(ScsiStatus.Busy),
        _ => task.Fail(SenseCodes.ThirdPartyDeviceFailure.With((ulong)processed)),
    };
}

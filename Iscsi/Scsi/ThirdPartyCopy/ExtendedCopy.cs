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
        var operation = new CopyOperation((byte)task.Command!.ServiceAction, request.ListId);
        if (request.KeepsResult && !task.Itl!.Copies.TryBegin(operation))
        {
            task.Fail(SenseCodes.OperationInProgress);
            return;
        }

        try
        {
            ItlNexus?[] units = [.. request.Cscds.Select(cscd => CopyTargets.Find(task, cscd))];
            if (request.Segments.All(segment => Check(task, request, units, segment, out _, out _, out _)))
                foreach (CopySegment segment in request.Segments)
                    if (!await CopyAsync(task, request, units, segment, operation)) break;
            if (operation.Aborted) task.Fail(ScsiStatus.TaskAborted);
        }
        catch
        {
            task.Fail(SenseCodes.InternalTargetFailure);
            throw;
        }
        finally
        {
            operation.Complete(task.Status, task.Sense);
        }
    }

    private static async ValueTask<bool> CopyAsync(
        ScsiTask task, CopyRequest request, ItlNexus?[] units, CopySegment segment, CopyOperation operation)
    {
        Check(task, request, units, segment, out Side source, out Side destination, out long lengthBytes);
        BlockStatus status = await BlockCopy.CopyAsync(
            operation, task, source.Itl!.Unit, source.OffsetBytes, destination.Itl!.Unit, destination.OffsetBytes, lengthBytes);
        if (!Complete(task, status, operation.SegmentsProcessed) || operation.Aborted || task.Aborted) return false;
        operation.AddSegment();
        operation.AddBytes(lengthBytes);
        return true;
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
        lengthBytes = segment.Count * (long)(segment.Unit switch { CopyUnit.SourceBlocks => fromBlock, CopyUnit.DestinationBlocks => toBlock, _ => 1 });
        // A copy must come out even on both sides.
        if (lengthBytes % fromBlock != 0 || lengthBytes % toBlock != 0 || segment.SourceOffset % fromBlock != 0 || segment.DestinationOffset % toBlock != 0)
            return task.Fail(SenseCodes.UnexpectedInexactSegment);
        ulong sourceLba = segment.SourceLba + (ulong)(segment.SourceOffset / fromBlock);
        ulong destinationLba = segment.DestinationLba + (ulong)(segment.DestinationOffset / toBlock);
        if (sourceLba < segment.SourceLba || !Fits(sourceLba, lengthBytes / fromBlock, from.Unit)
            || destinationLba < segment.DestinationLba || !Fits(destinationLba, lengthBytes / toBlock, to.Unit))
            return task.Fail(SenseCodes.CopyAborted);
        source = new Side(from, (long)sourceLba * fromBlock);
        destination = new Side(to, (long)destinationLba * toBlock);
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

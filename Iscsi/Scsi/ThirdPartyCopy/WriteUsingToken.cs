using System.Buffers.Binary;
using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Block;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// WRITE USING TOKEN (SBC-3): writes the data of a ROD, or zeros with the well-known token of zeros, to ranges of the addressed unit. With IMMED it goes on
/// after the status; RECEIVE ROD TOKEN INFORMATION tells how far it is. A ROD whose data changes meanwhile ends the command, and what was
/// transferred until then is told.
/// </summary>
internal static class WriteUsingToken
{
    private const int HeaderBytes = 536;
    private const int OffsetIndex = 8;
    private const int TokenIndex = 16;
    private const int Immediate = 0x01;
    private const int DeleteToken = 0x02;

    /// <summary>Longest copy between two looks at the ROD, bytes.</summary>
    private const long StepBytes = 64 << 20;

    public static readonly CommandDescriptor[] Rows =
    [
        new("WRITE USING TOKEN", "SBC-3, WRITE USING TOKEN", "83 1F 00 00 00 00 FF FF FF FF FF FF FF FF 1F 00")
        {
            ServiceAction = 0x11,
            Direction = DataDirection.Out,
            Flags = CommandFlags.NeedsMedium | CommandFlags.Writes,
            Reservation = ReservationRule.Writes,
            NominalSeconds = 5,
            RecommendedSeconds = 600,
            Prepare = task => task.Expect(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[10..]), ushort.MaxValue, 10),
            Execute = ExecuteAsync,
        },
    ];

    private static ValueTask ExecuteAsync(ScsiTask task)
    {
        if (task.DataOutLengthBytes == 0 || RangeList.Read(task, HeaderBytes) is not { } ranges) return ValueTask.CompletedTask;
        ReadOnlySpan<byte> list = task.DataOut.Span;
        ReadOnlySpan<byte> token = list.Slice(TokenIndex, RodToken.LengthBytes);
        RodTokens tokens = task.Server.Directory.Tokens;
        Rod? rod = null;
        long skipBytes = 0;
        if (RodToken.Type(token) != RodToken.BlockZero)
        {
            rod = tokens.Use(token, (list[2] & DeleteToken) != 0, out SenseData refusal);
            if (rod is null)
            {
                task.Fail(refusal);
                return ValueTask.CompletedTask;
            }

            ulong offset = BinaryPrimitives.ReadUInt64BigEndian(list[OffsetIndex..]);
            if (offset >= (ulong)(rod.LengthBytes / task.Unit!.BlockBytes))
            {
                tokens.Done(rod);
                task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(OffsetIndex));
                return ValueTask.CompletedTask;
            }

            skipBytes = (long)offset * task.Unit.BlockBytes;
        }

        var operation = new CopyOperation(0x11, BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..]));
        if (!task.Itl!.Copies.TryBegin(operation))
        {
            if (rod is not null) tokens.Done(rod);
            task.Fail(SenseCodes.OperationInProgress);
            return ValueTask.CompletedTask;
        }

        var copy = new TokenCopy(operation, task.Unit!, ranges, rod, skipBytes, tokens);
        if ((list[2] & Immediate) == 0) return WaitAsync(task, copy);
        _ = copy.RunAsync(null);
        return ValueTask.CompletedTask;
    }

    private static async ValueTask WaitAsync(ScsiTask task, TokenCopy copy)
    {
        await copy.RunAsync(task);
        if (copy.Operation.Status == ScsiStatus.CheckCondition) task.Fail(copy.Operation.Sense);
        else if (copy.Operation.Status != ScsiStatus.Good) task.Fail(copy.Operation.Status);
    }

    /// <summary>The work of one command, which may outlive it. Used by one thread at a time.</summary>
    private sealed class TokenCopy(
        CopyOperation operation, LogicalUnit unit, ImmutableArray<MediumRange> ranges, Rod? rod, long skipBytes, RodTokens tokens)
    {
        private long positionBytes = skipBytes;

        public CopyOperation Operation => operation;

        public async Task RunAsync(ScsiTask? task)
        {
            await Task.Yield();
            try
            {
                SenseData? failure = rod is null ? await ZeroAsync() : await CopyAsync(task);
                if (operation.Aborted) operation.Complete(ScsiStatus.TaskAborted, default);
                else operation.Complete(failure is null ? ScsiStatus.Good : ScsiStatus.CheckCondition, failure ?? default);
            }
            catch (Exception)
            {
                // The medium broke its promise not to throw; the operation must end all the same, or its list identifier stays taken for ever.
                operation.Complete(ScsiStatus.CheckCondition, SenseCodes.InternalTargetFailure);
            }
            finally
            {
                if (rod is not null) tokens.Done(rod);
            }
        }

        private async ValueTask<SenseData?> ZeroAsync()
        {
            foreach (MediumRange range in ranges)
            {
                for (long done = 0; done < range.LengthBytes && !operation.Aborted;)
                {
                    long step = Math.Min(StepBytes, range.LengthBytes - done);
                    BlockStatus status = await BlockCopy.ZeroAsync(unit, range.OffsetBytes + done, step);
                    if (status != BlockStatus.Ok) return Failure(status);
                    operation.AddBytes(step);
                    done += step;
                }
            }

            return null;
        }

        private async ValueTask<SenseData?> CopyAsync(ScsiTask? task)
        {
            foreach (MediumRange range in ranges)
            {
                for (long done = 0; done < range.LengthBytes && !operation.Aborted;)
                {
                    if (task?.Aborted == true) operation.Abort();
                    if (Source() is not { } source)
                    {
                        operation.HasResidual = true;
                        return null;
                    }

                    long step = Math.Min(Math.Min(StepBytes, source.LengthBytes), range.LengthBytes - done);
                    if (step % unit.BlockBytes != 0) return SenseCodes.UnexpectedInexactSegment;
                    if (!rod!.Unit.Power.Ready) return SenseCodes.CopyTargetDeviceNotReachable;
                    BlockStatus status = await BlockCopy.CopyAsync(
                        operation, task, rod.Unit, source.OffsetBytes, unit, range.OffsetBytes + done, step);
                    if (rod.Revoked) return SenseCodes.TokenRevoked;
                    if (status != BlockStatus.Ok) return Failure(status);
                    if (operation.Aborted || task?.Aborted == true) return null;
                    operation.AddBytes(step);
                    positionBytes += step;
                    done += step;
                }
            }

            return null;
        }

        /// <summary>Where the ROD goes on; null at its end.</summary>
        private MediumRange? Source()
        {
            long skip = positionBytes;
            foreach (MediumRange range in rod!.Ranges)
            {
                if (skip < range.LengthBytes) return new MediumRange(range.OffsetBytes + skip, range.LengthBytes - skip);
                skip -= range.LengthBytes;
            }

            return null;
        }

        private static SenseData Failure(BlockStatus status) =>
            status == BlockStatus.OutOfSpace ? SenseCodes.SpaceAllocationFailed : SenseCodes.ThirdPartyDeviceFailure;
    }
}

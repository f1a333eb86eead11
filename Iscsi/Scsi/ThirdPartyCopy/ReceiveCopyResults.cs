using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// RECEIVE COPY STATUS(LID1) and (LID4), RECEIVE COPY OPERATING PARAMETERS, RECEIVE COPY FAILURE DETAILS(LID1), RECEIVE ROD TOKEN INFORMATION, REPORT ALL
/// ROD TOKENS (SPC-4): what became of a copy operation of this I_T_L nexus. A result is told once.
/// </summary>
internal static class ReceiveCopyResults
{
    private const int Lid4StatusAction = 0x05;
    private const int TokenInformationAction = 0x07;

    /// <summary>TRANSFER COUNT UNITS: bytes, KiB, logical blocks.</summary>
    private const int UnitBytes = 0x00, UnitKibibytes = 0x01, UnitBlocks = 0xF1;

    /// <summary>Milliseconds after which a host should ask again; FFFFFFFEh = it is over.</summary>
    private const uint UpdateDelayMs = 100, NoUpdate = 0xFFFFFFFE;

    /// <summary>COPY OPERATION STATUS (SPC-4); of RECEIVE COPY STATUS(LID1) the values up to 02h.</summary>
    private enum CopyStatus
    {
        InProgressLid1 = 0x00,
        Completed = 0x01,
        CompletedWithErrors = 0x02,
        CompletedWithResidual = 0x04,
        InProgress = 0x10,
        Terminated = 0x60,
    }

    public static readonly CommandDescriptor[] Rows =
    [
        Row(0x00, "RECEIVE COPY STATUS(LID1)", "SPC-4 6.23", "84 1F FF 00 00 00 00 00 00 00 FF FF FF FF 00 00", PrepareKnown, StatusLid1),
        Row(0x03, "RECEIVE COPY OPERATING PARAMETERS", "SPC-4 6.21", "84 1F 00 00 00 00 00 00 00 00 FF FF FF FF 00 00", Allocate, OperatingParameters),
        Row(0x04, "RECEIVE COPY FAILURE DETAILS(LID1)", "SPC-4 6.20", "84 1F FF 00 00 00 00 00 00 00 FF FF FF FF 00 00", PrepareFailed, FailureDetails),
        Row(Lid4StatusAction, "RECEIVE COPY STATUS(LID4)", "SPC-4 6.24", "84 1F FF FF FF FF 00 00 00 00 FF FF FF FF 00 00", PrepareKnown, StatusLid4),
        Row(TokenInformationAction, "RECEIVE ROD TOKEN INFORMATION", "SPC-4, RECEIVE ROD TOKEN INFORMATION", "84 1F FF FF FF FF 00 00 00 00 FF FF FF FF 00 00", PrepareKnown, TokenInformation),
        Row(0x08, "REPORT ALL ROD TOKENS", "SPC-4, REPORT ALL ROD TOKENS", "84 1F 00 00 00 00 00 00 00 00 FF FF FF FF 00 00", Allocate, AllTokens),
    ];

    private static CommandDescriptor Row(int serviceAction, string name, string clause, string mask, PrepareCommand prepare, ExecuteCommand execute) =>
        new(name, clause, mask)
        {
            ServiceAction = serviceAction,
            Direction = DataDirection.In,
            Reservation = ReservationRule.Writes,
            RecommendedSeconds = 30,
            Prepare = prepare,
            Execute = execute,
        };

    private static bool Allocate(ScsiTask task) => task.Allocate(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[10..]));

    private static CopyOperation? Operation(ScsiTask task) => task.Itl!.Copies.Find(
        task.Command!.ServiceAction is Lid4StatusAction or TokenInformationAction
            ? BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[2..])
            : task.Cdb.Span[2]);

    private static bool PrepareKnown(ScsiTask task) => Operation(task) is null ? task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2)) : Allocate(task);

    private static bool PrepareFailed(ScsiTask task) => Operation(task) is { Completed: true, Status: not ScsiStatus.Good }
        ? Allocate(task)
        : task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2));

    /// <summary>Answers with what is told of an operation, and forgets it where all of that was asked for.</summary>
    private static ValueTask Tell(ScsiTask task, Func<CopyProgress, ParameterData> build)
    {
        if (Operation(task) is not { } operation) return ValueTask.CompletedTask;
        CopyProgress progress = operation.Progress;
        ParameterData data = build(progress);
        task.Reply(data.Span);
        if (progress.Completed && task.DataInLengthBytes == data.Length) task.Itl!.Copies.Told(operation);
        return ValueTask.CompletedTask;
    }

    private static CopyStatus Status(CopyProgress progress)
    {
        if (!progress.Completed) return CopyStatus.InProgress;
        return progress.Status switch
        {
            ScsiStatus.Good => progress.HasResidual ? CopyStatus.CompletedWithResidual : CopyStatus.Completed,
            ScsiStatus.TaskAborted => CopyStatus.Terminated,
            _ => CopyStatus.CompletedWithErrors,
        };
    }

    private static ValueTask StatusLid1(ScsiTask task) => Tell(task, progress =>
    {
        CopyStatus status = Status(progress) switch
        {
            CopyStatus.InProgress => CopyStatus.InProgressLid1,
            CopyStatus.Completed => CopyStatus.Completed,
            _ => CopyStatus.CompletedWithErrors,
        };
        return new ParameterData().UInt32(8)
            .Byte((int)status)
            .UInt16(progress.SegmentsProcessed)
            .Byte(UnitKibibytes)
            .UInt32((uint)Math.Min(progress.BytesCopied >> 10, uint.MaxValue));
    });

    private static ValueTask StatusLid4(ScsiTask task) =>
        Tell(task, progress => WithLength(Lid4Header(progress, UnitBytes, progress.BytesCopied)));

    private static ValueTask TokenInformation(ScsiTask task) => Tell(task, progress =>
    {
        ParameterData data = Lid4Header(progress, UnitBlocks, progress.BytesCopied / task.Unit!.BlockBytes);
        if (progress.Token is { } token) data.UInt32(2 + RodToken.LengthBytes).UInt16(0).Bytes(token);
        else data.UInt32(0);
        return WithLength(data);
    });

    private static ValueTask AllTokens(ScsiTask task)
    {
        ParameterData data = new ParameterData().UInt32(0).UInt32(0);
        foreach (byte[] token in task.Server.Directory.Tokens.Of(task.Unit!)) data.Bytes(token);
        task.Reply(WithLength(data).Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>The 32 bytes and the sense data that begin the answers of RECEIVE COPY STATUS(LID4) and RECEIVE ROD TOKEN INFORMATION.</summary>
    private static ParameterData Lid4Header(CopyProgress progress, int countUnits, long count)
    {
        Span<byte> sense = stackalloc byte[SenseData.MaxLengthBytes];
        int senseLength = WriteSense(progress, sense);
        return new ParameterData().UInt32(0)
            .Byte(progress.ServiceAction)
            .Byte((int)Status(progress))
            .UInt16(1)
            .UInt32(progress.Completed ? NoUpdate : UpdateDelayMs)
            .Byte((int)progress.Status)
            .Byte(senseLength)
            .Byte(senseLength)
            .Byte(countUnits)
            .UInt64((ulong)count)
            .UInt16(progress.SegmentsProcessed)
            .Zeros(6)
            .Bytes(sense[..senseLength]);
    }

    private static ValueTask FailureDetails(ScsiTask task) => Tell(task, progress =>
    {
        Span<byte> sense = stackalloc byte[SenseData.MaxLengthBytes];
        int senseLength = WriteSense(progress, sense);
        return WithLength(new ParameterData().UInt32(0).Zeros(52).Byte((int)progress.Status).Byte(0).UInt16(senseLength).Bytes(sense[..senseLength]));
    });

    private static int WriteSense(CopyProgress progress, Span<byte> sense) =>
        progress.Status == ScsiStatus.CheckCondition ? progress.Sense.Write(sense, descriptorFormat: false) : 0;

    private static ValueTask OperatingParameters(ScsiTask task)
    {
        ParameterData data = new ParameterData().UInt32(0)
            .UInt32(0)
            .UInt16(CopyLimits.MaxCscds)
            .UInt16(CopyLimits.MaxSegments)
            .UInt32(CopyLimits.MaxDescriptorListBytes)
            .UInt32(CopyLimits.MaxSegmentBytes)
            .UInt32(0)                        // no inline data
            .UInt32(0)                        // no held data
            .UInt32(0)                        // no stream devices
            .UInt16(0)
            .UInt16(CopyLimits.MaxOperations) // concurrent copies in total
            .Byte(CopyLimits.MaxOperations)   // concurrent copies
            .Byte(CopyRequest.GranularityShift)
            .Byte(0)
            .Byte(0)
            .Zeros(3)
            .Byte(CopyRequest.DescriptorTypes.Length).Bytes(CopyRequest.DescriptorTypes);
        task.Reply(WithLength(data).Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>AVAILABLE DATA: what follows the field.</summary>
    private static ParameterData WithLength(ParameterData data)
    {
        data.PatchUInt32(0, (uint)(data.Length - 4));
        return data;
    }
}

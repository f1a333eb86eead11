using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// RECEIVE COPY STATUS(LID1), RECEIVE COPY OPERATING PARAMETERS, RECEIVE COPY FAILURE DETAILS(LID1), RECEIVE COPY STATUS(LID4): SPC-4
/// 6.17 to 6.24. A copy command is done when its status is sent, so a result is either there or unknown.
/// </summary>
internal static class ReceiveCopyResults
{
    private const int CompletedWithoutErrors = 0x01;
    private const int CompletedWithErrors = 0x02;

    public static readonly CommandDescriptor[] Rows =
    [
        Row(0x00, "RECEIVE COPY STATUS(LID1)", "SPC-4 6.23", "84 1F FF 00 00 00 00 00 00 00 FF FF FF FF 00 00", PrepareLid1, StatusLid1),
        Row(0x03, "RECEIVE COPY OPERATING PARAMETERS", "SPC-4 6.21", "84 1F 00 00 00 00 00 00 00 00 FF FF FF FF 00 00", Allocate, OperatingParameters),
        Row(0x04, "RECEIVE COPY FAILURE DETAILS(LID1)", "SPC-4 6.20", "84 1F FF 00 00 00 00 00 00 00 FF FF FF FF 00 00", PrepareFailed, FailureDetails),
        Row(0x05, "RECEIVE COPY STATUS(LID4)", "SPC-4 6.24", "84 1F FF FF FF FF 00 00 00 00 FF FF FF FF 00 00", PrepareLid4, StatusLid4),
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

    private static CopyResult? Result(ScsiTask task) => task.Itl!.CopyResults.Find(task.Command!.ServiceAction == 0x05
        ? BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[2..])
        : task.Cdb.Span[2]);

    private static bool PrepareLid1(ScsiTask task) => Result(task) is null ? task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2)) : Allocate(task);

    private static bool PrepareLid4(ScsiTask task) => PrepareLid1(task);

    private static bool PrepareFailed(ScsiTask task) => Result(task) is { Status: not ScsiStatus.Good }
        ? Allocate(task)
        : task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2));

    private static ValueTask StatusLid1(ScsiTask task)
    {
        if (Result(task) is not { } result) return ValueTask.CompletedTask;
        // TRANSFER COUNT in KiB (unit 01h).
        ParameterData data = new ParameterData().UInt32(8)
            .Byte(result.Status == ScsiStatus.Good ? CompletedWithoutErrors : CompletedWithErrors)
            .UInt16(result.SegmentsProcessed)
            .Byte(0x01)
            .UInt32((uint)Math.Min(result.BytesCopied >> 10, uint.MaxValue));
        task.Reply(data.Span);
        task.Itl!.CopyResults.Forget(result);
        return ValueTask.CompletedTask;
    }

    private static ValueTask StatusLid4(ScsiTask task)
    {
        if (Result(task) is not { } result) return ValueTask.CompletedTask;
        task.Reply(Lid4Header(result).Span);
        task.Itl!.CopyResults.Forget(result);
        return ValueTask.CompletedTask;
    }

    /// <summary>The 32 bytes and the sense data that begin the answer of RECEIVE COPY STATUS(LID4).</summary>
    private static ParameterData Lid4Header(CopyResult result)
    {
        Span<byte> sense = stackalloc byte[SenseData.MaxLengthBytes];
        int senseLength = result.Status == ScsiStatus.CheckCondition ? result.Sense.Write(sense, descriptorFormat: false) : 0;
        ParameterData data = new ParameterData().UInt32(0)
            .Byte(result.ServiceAction)
            .Byte(result.Status == ScsiStatus.Good ? CompletedWithoutErrors : CompletedWithErrors)
            .UInt16(1)
            .UInt32(0xFFFFFFFE)
            .Byte((int)result.Status)
            .Byte(senseLength)
            .Byte(senseLength)
            .Byte(0x00)
            .UInt64((ulong)result.BytesCopied)
            .UInt16(result.SegmentsProcessed)
            .Zeros(6)
            .Bytes(sense[..senseLength]);
        data.PatchUInt32(0, (uint)(data.Length - 4));
        return data;
    }

    private static ValueTask FailureDetails(ScsiTask task)
    {
        if (Result(task) is not { } result) return ValueTask.CompletedTask;
        Span<byte> sense = stackalloc byte[SenseData.MaxLengthBytes];
        int senseLength = result.Status == ScsiStatus.CheckCondition ? result.Sense.Write(sense, descriptorFormat: false) : 0;
        ParameterData data = new ParameterData().UInt32(0).Zeros(52).Byte((int)result.Status).Byte(0).UInt16(senseLength).Bytes(sense[..senseLength]);
        data.PatchUInt32(0, (uint)(data.Length - 4));
        task.Reply(data.Span);
        task.Itl!.CopyResults.Forget(result);
        return ValueTask.CompletedTask;
    }

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
            .UInt16(byte.MaxValue)            // concurrent copies in total
            .Byte(byte.MaxValue)              // concurrent copies
            .Byte(9)                          // data segment granularity: 2^9 bytes
            .Byte(0)
            .Byte(0)
            .Zeros(3)
            .Byte(2).Byte(0x02).Byte(0xE4);   // implemented descriptor types
        data.PatchUInt32(0, (uint)(data.Length - 4));
        task.Reply(data.Span);
        return ValueTask.CompletedTask;
    }
}

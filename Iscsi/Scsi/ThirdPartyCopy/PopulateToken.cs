using System.Buffers.Binary;
using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>
/// POPULATE TOKEN (SBC-3): makes a ROD token for ranges of the addressed unit. Nothing is read, so it is done when the command is answered, with IMMED or
/// without; RECEIVE ROD TOKEN INFORMATION hands the token out.
/// </summary>
internal static class PopulateToken
{
    private const int HeaderBytes = 16;
    private const int InactivityIndex = 4;
    private const int RodTypeIndex = 8;
    private const int RodTypeValid = 0x02;

    public static readonly CommandDescriptor[] Rows =
    [
        new("POPULATE TOKEN", "SBC-3, POPULATE TOKEN", "83 1F 00 00 00 00 FF FF FF FF FF FF FF FF 1F 00")
        {
            ServiceAction = 0x10,
            Direction = DataDirection.Out,
            Flags = CommandFlags.NeedsMedium,
            Reservation = ReservationRule.Reads,
            Prepare = task => task.Expect(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[10..]), ushort.MaxValue, 10),
            Execute = ExecuteAsync,
        },
    ];

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        if (task.DataOutLengthBytes == 0 || RangeList.Read(task, HeaderBytes) is not { } ranges || !Check(task, out TimeSpan inactivity)) return;
        LogicalUnit unit = task.Unit!;
        var operation = new CopyOperation(0x10, BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..]));
        if (!task.Itl!.Copies.TryBegin(operation))
        {
            task.Fail(SenseCodes.OperationInProgress);
            return;
        }

        RodTokens tokens = task.Server.Directory.Tokens;
        ulong id = tokens.NextId();
        var rod = new Rod(id, unit, ranges, RodToken.Create(id, unit, task.Nexus.Port, ranges.Sum(range => range.LengthBytes)), inactivity);
        // Whoever writes has written before, or sees the ROD.
        await unit.Gate.EnterExclusiveAsync();
        unit.Rods.Add(rod);
        unit.Gate.ExitExclusive();
        if (tokens.TryAdd(rod))
        {
            operation.AddBytes(rod.LengthBytes);
            operation.Complete(ScsiStatus.Good, default, rod.Token);
            return;
        }

        unit.Rods.Remove(rod);
        task.Fail(SenseCodes.InsufficientResourcesToCreateRodToken);
        operation.Complete(task.Status, task.Sense);
    }

    private static bool Check(ScsiTask task, out TimeSpan inactivity)
    {
        ReadOnlySpan<byte> list = task.DataOut.Span;
        uint seconds = BinaryPrimitives.ReadUInt32BigEndian(list[InactivityIndex..]);
        inactivity = TimeSpan.FromSeconds(seconds == 0 ? CopyLimits.DefaultInactivitySeconds : seconds);
        if (seconds > CopyLimits.MaxInactivitySeconds) return task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(InactivityIndex));
        bool chosen = (list[2] & RodTypeValid) != 0;
        uint type = BinaryPrimitives.ReadUInt32BigEndian(list[RodTypeIndex..]);
        return !chosen || type is RodToken.ChangeVulnerable or RodToken.AnyPointInTime
            || task.Fail(SenseCodes.InvalidFieldInParameterList.AtParameter(RodTypeIndex));
    }
}

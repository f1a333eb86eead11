using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>REPORT SUPPORTED OPERATION CODES (SPC-4 6.35): the command table as the addressed unit offers it.</summary>
internal static class ReportSupportedOperationCodes
{
    private const int ReturnTimeouts = 0x80;
    private const int TimeoutsDescriptorBytes = 12;

    /// <summary>REPORTING OPTIONS (SPC-4 table 247).</summary>
    private enum Option
    {
        All = 0,
        OperationCode = 1,
        ServiceAction = 2,
        Either = 3,
    }

    /// <summary>SUPPORT field of the one command format (SPC-4 table 252).</summary>
    private enum Support
    {
        None = 1,
        Standard = 3,
    }

    public static readonly CommandDescriptor[] Rows =
    [
        new("REPORT SUPPORTED OPERATION CODES", "SPC-4 6.35", "A3 1F 87 FF FF FF FF FF FF FF 00 00")
        {
            ServiceAction = 0x0C,
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = Execute,
        },
    ];

    private static Option Options(ScsiTask task) => (Option)(task.Cdb.Span[2] & 0x07);

    private static byte RequestedOperationCode(ScsiTask task) => task.Cdb.Span[3];

    private static int RequestedServiceAction(ScsiTask task) => BinaryPrimitives.ReadUInt16BigEndian(task.Cdb.Span[4..]);

    private static bool Prepare(ScsiTask task)
    {
        bool hasActions = CommandTable.HasServiceActions(RequestedOperationCode(task));
        bool known = CommandTable.HasOperationCode(RequestedOperationCode(task));
        bool allowed = Options(task) switch
        {
            Option.All or Option.Either => true,
            Option.OperationCode => !hasActions,
            Option.ServiceAction => hasActions || !known,
            _ => false,
        };
        if (!allowed) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2, 2));
        return task.Allocate(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[6..]));
    }

    private static ValueTask Execute(ScsiTask task)
    {
        bool timeouts = (task.Cdb.Span[2] & ReturnTimeouts) != 0;
        ParameterData data = Options(task) == Option.All ? All(task.Unit!, timeouts) : One(task, timeouts);
        task.Reply(data.Span);
        return ValueTask.CompletedTask;
    }

    private static bool Offered(LogicalUnit unit, CommandDescriptor command) => (command.Requires & ~unit.Features) == 0;

    private static ParameterData All(LogicalUnit unit, bool timeouts)
    {
        var data = new ParameterData().UInt32(0);
        foreach (CommandDescriptor command in CommandTable.Rows)
        {
            if (!Offered(unit, command)) continue;
            bool hasAction = command.ServiceAction >= 0;
            data.Byte(command.OperationCode).Byte(0)
                .UInt16(hasAction ? command.ServiceAction : 0)
                .Byte(0).Byte((timeouts ? 0x02 : 0) | (hasAction ? 0x01 : 0))
                .UInt16(command.Mask.Length);
            if (timeouts) Timeouts(data, command);
        }

        data.PatchUInt32(0, (uint)(data.Length - 4));
        return data;
    }

    private static ParameterData One(ScsiTask task, bool timeouts)
    {
        CommandDescriptor? command = CommandTable.Find(RequestedOperationCode(task), RequestedServiceAction(task));
        // With option 011b a service action other than 0 is part of the question even where the operation code has none.
        bool mismatch = command is { ServiceAction: < 0 } && Options(task) == Option.Either && RequestedServiceAction(task) != 0;
        var data = new ParameterData();
        if (command is null || mismatch || !Offered(task.Unit!, command)) return data.Byte(0).Byte((int)Support.None).UInt16(0);
        data.Byte(0).Byte((timeouts ? 0x80 : 0) | (int)Support.Standard).UInt16(command.Mask.Length);
        int usage = data.Length;
        data.Bytes(command.Mask.Usage.Span);
        // The usage map has the service action itself where the CDB has it (SPC-4 6.35.3).
        if (command.ServiceAction >= 0) data.PatchByte(usage + 1, (command.Mask.Usage.Span[1] & 0xE0) | command.ServiceAction);
        if (timeouts) Timeouts(data, command);
        return data;
    }

    private static void Timeouts(ParameterData data, CommandDescriptor command) =>
        data.UInt16(TimeoutsDescriptorBytes - 2).Byte(0).Byte(0).UInt32(command.NominalSeconds).UInt32(command.RecommendedSeconds);
}

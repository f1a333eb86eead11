using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Access;
using Lunaria.Iscsi.Scsi.Block;
using Lunaria.Iscsi.Scsi.Primary;
using Lunaria.Iscsi.Scsi.Reservations;
using Lunaria.Iscsi.Scsi.ThirdPartyCopy;

namespace Lunaria.Iscsi.Scsi.Commands;

/// <summary>
/// The command table: the only source for dispatch, CDB validation and REPORT SUPPORTED OPERATION CODES. Immutable.
/// </summary>
internal static class CommandTable
{
    /// <summary>All rows, by operation code and service action.</summary>
    public static readonly ImmutableArray<CommandDescriptor> Rows =
    [
        .. new CommandDescriptor[][]
        {
            TestUnitReady.Rows, RequestSense.Rows, Inquiry.Rows, ReportLuns.Rows, ModeSense.Rows, ModeSelect.Rows,
            PreventAllowMediumRemoval.Rows, ReserveRelease.Rows, SendDiagnostic.Rows, EchoBuffer.Rows,
            PersistentReserveIn.Rows, PersistentReserveOut.Rows, ReportSupportedOperationCodes.Rows, ReportSupportedTaskManagement.Rows,
            ReadCommands.Rows, WriteCommands.Rows, WriteAndVerify.Rows, VerifyCommands.Rows, SynchronizeCache.Rows, PreFetch.Rows,
            Unmap.Rows, WriteSame.Rows, CompareAndWrite.Rows, OrWrite.Rows, GetLbaStatus.Rows, ReadCapacity.Rows, StartStopUnit.Rows,
            LogSense.Rows, ReportTargetPortGroups.Rows, SetTargetPortGroups.Rows, FormatUnit.Rows, WriteAtomic.Rows, ReadDefectData.Rows, Sanitize.Rows,
            ExtendedCopy.Rows, PopulateToken.Rows, WriteUsingToken.Rows, CopyOperationAbort.Rows, ReceiveCopyResults.Rows,
        }
        .SelectMany(rows => rows).OrderBy(row => row.OperationCode).ThenBy(row => row.ServiceAction),
    ];

    private static readonly CommandDescriptor?[] byOperationCode = ByOperationCode();
    private static readonly CommandDescriptor?[]?[] byServiceAction = ByServiceAction();

    /// <summary>True where the operation code has service actions here.</summary>
    public static bool HasServiceActions(byte operationCode) => byServiceAction[operationCode] is not null;

    /// <summary>True where any row has the operation code.</summary>
    public static bool HasOperationCode(byte operationCode) => byOperationCode[operationCode] is not null || HasServiceActions(operationCode);

    /// <summary>The row of an operation code without service actions, or of a service action; null where there is none.</summary>
    public static CommandDescriptor? Find(byte operationCode, int serviceAction)
    {
        if (byServiceAction[operationCode] is not { } actions) return byOperationCode[operationCode];
        return serviceAction < actions.Length ? actions[serviceAction] : null;
    }

    private static CommandDescriptor?[] ByOperationCode()
    {
        var table = new CommandDescriptor?[256];
        foreach (CommandDescriptor row in Rows.Where(row => row.ServiceAction < 0)) table[row.OperationCode] = row;
        return table;
    }

    private static CommandDescriptor?[]?[] ByServiceAction()
    {
        var table = new CommandDescriptor?[]?[256];
        foreach (CommandDescriptor row in Rows.Where(row => row.ServiceAction >= 0))
            (table[row.OperationCode] ??= new CommandDescriptor?[32])[row.ServiceAction] = row;
        return table;
    }
}

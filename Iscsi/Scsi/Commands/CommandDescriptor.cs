namespace Lunaria.Iscsi.Scsi.Commands;

/// <summary>One row of the command table.</summary>
internal sealed record CommandDescriptor(byte OperationCode, string Name);

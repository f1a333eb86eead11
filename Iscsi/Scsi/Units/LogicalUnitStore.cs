namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// Where a logical unit keeps what must outlive the process: persistent reservations (APTPL) and saved mode pages. Given by the embedder;
/// without it neither is offered to hosts.
/// </summary>
/// <param name="Load">The record of a name, null where there is none. Called once when the unit is made.</param>
/// <param name="Save">
/// Replaces the record of a name, an empty one removes it; completes when it survives the loss of power. May throw: the command fails then.
/// </param>
public sealed record LogicalUnitStore(Func<string, byte[]?> Load, Func<string, byte[], ValueTask> Save);

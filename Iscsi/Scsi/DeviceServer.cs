#pragma warning disable CA1822
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// The device server of one target: finds the logical unit, checks the command against the command table, executes it. Shared by all
/// connections of the target; keeps nothing per command but the task. Any thread.
/// </summary>
internal sealed class DeviceServer(LogicalUnitMap luns)
{
    /// <summary>The LUN inventory.</summary>
    public LogicalUnitMap Luns { get; } = luns;

    /// <summary>A session has begun: the nexus exists on every logical unit from now on.</summary>
    public void Attach(ItNexus nexus) => ArgumentNullException.ThrowIfNull(nexus);

    /// <summary>
    /// The session is over and its tasks are gone: I_T nexus loss (SAM-5 6.3.4). What the nexus held without persistence goes with it.
    /// </summary>
    public void Detach(ItNexus nexus) => ArgumentNullException.ThrowIfNull(nexus);

    /// <summary>
    /// Checks everything the CDB alone decides. True: take the payload, then execute. False: status and sense are final and no payload
    /// is to be taken. Allocates nothing.
    /// </summary>
    public bool Prepare(ScsiTask task)
    {
        task.Begin();
        return task.Fail(new SenseData(SenseKey.IllegalRequest, 0x20, 0));
    }

    /// <summary>Executes a prepared task and fills its result. Completes synchronously where it can; never throws for an expected outcome.</summary>
    public ValueTask ExecuteAsync(ScsiTask task) => ValueTask.CompletedTask;

    /// <summary>
    /// Begins a short cut write (<see cref="ScsiTask.Access"/>): true = nobody has the unit for himself until <see cref="ExitShared"/>;
    /// false = somebody does (COMPARE AND WRITE, reset), so use <see cref="ExecuteAsync"/>. A short cut read needs none of this.
    /// </summary>
    public bool TryEnterShared(ScsiTask task) => false;

    /// <summary>Ends what a successful <see cref="TryEnterShared"/> began.</summary>
    public void ExitShared(ScsiTask task)
    {
    }

    /// <summary>
    /// LOGICAL UNIT RESET (SAM-5 7.7), to be called when the tasks of the unit are gone: reservations of RESERVE(6) and PREVENT end,
    /// mode pages get their saved values, other nexuses hear 29/03. False where the LUN is absent.
    /// </summary>
    public ValueTask<bool> LogicalUnitResetAsync(ItNexus nexus, ulong lunField) => ValueTask.FromResult(false);

    /// <summary>TARGET WARM or COLD RESET: every logical unit is reset; nexuses hear 29/02.</summary>
    public ValueTask TargetResetAsync(ItNexus nexus) => ValueTask.CompletedTask;

    /// <summary>CLEAR TASK SET has ended the tasks of other nexuses: they hear COMMANDS CLEARED BY ANOTHER INITIATOR (2F/00).</summary>
    public bool TaskSetCleared(ItNexus nexus, ulong lunField) => false;

    /// <summary>True where the field addresses a logical unit of the inventory (or the well-known REPORT LUNS unit).</summary>
    public bool HasLogicalUnit(ulong lunField) => false;
}

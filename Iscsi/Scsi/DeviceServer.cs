using System.Diagnostics;
using Lunaria.Iscsi.Scsi.Access;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// The device server of one target: finds the logical unit, checks the command against the command table, executes it. Shared by all
/// connections of the target; keeps nothing per command but the task. Any thread.
/// </summary>
internal sealed class DeviceServer(LogicalUnitMap luns, UnitDirectory directory)
{
    private readonly Lock attaching = new();

    /// <summary>The LUN inventory.</summary>
    public LogicalUnitMap Luns { get; } = luns;

    /// <summary>The nexuses of all targets.</summary>
    public UnitDirectory Directory { get; } = directory;

    /// <summary>A session has begun: the nexus exists on every logical unit from now on.</summary>
    public void Attach(ItNexus nexus)
    {
        lock (attaching) nexus.Units = NexusUnits.Follow(nexus, null, Luns.Units);
        Directory.Add(nexus);
    }

    /// <summary>
    /// The session is over and its tasks are gone: I_T nexus loss (SAM-5 6.3.4). What the nexus held without persistence goes with it.
    /// </summary>
    public void Detach(ItNexus nexus)
    {
        Directory.Remove(nexus);
        lock (attaching)
        {
            foreach (ItlNexus itl in nexus.Units?.All ?? []) itl.Unit.Detach(itl);
            nexus.Units = null;
        }
    }

    /// <summary>
    /// Checks everything the CDB alone decides. True: take the payload, then execute. False: status and sense are final and no payload
    /// is to be taken. Allocates nothing.
    /// </summary>
    public bool Prepare(ScsiTask task)
    {
        task.Begin();
        task.Server = this;
        ItlNexus? itl = Find(task.Nexus, task.LunField);
        ReadOnlySpan<byte> cdb = task.Cdb.Span;
        CommandDescriptor? command = CommandTable.Find(cdb[0], cdb[1] & 0x1F);
        if (itl is null) return PrepareWithoutUnit(task, command);

        LogicalUnit unit = itl.Unit;
        task.Itl = itl;
        task.Unit = unit;
        task.DescriptorSense = unit.Mode.DescriptorSense;
        unit.NoticeCapacity();
        if (itl.HasUnitAttention && (command is null || (command.Flags & CommandFlags.PassesUnitAttention) == 0)
            && itl.TakeUnitAttention() is { } attention)
            return task.Fail(attention);
        if (command is null || (command.Requires & ~unit.Features) != 0) return Unknown(task);
        if ((command.Flags & CommandFlags.PassesStandby) == 0
            && PortGroups.Refusal(unit.PortGroups.StateOf(task.Nexus.Port.PortalGroupTag)) is { } refusal)
            return task.Fail(refusal);
        if (unit.LegacyReservation.HeldByOther(itl) && (command.Flags & CommandFlags.PassesReserve) == 0)
            return task.Fail(ScsiStatus.ReservationConflict);
        if (!unit.Reservations.Allows(itl, command.RuleOf is null ? command.Reservation : command.RuleOf(task)))
            return task.Fail(ScsiStatus.ReservationConflict);
        if (!command.Mask.Allows(cdb, out int index, out int bit)) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(index, bit));
        if (unit.Sanitizing is { } run && (command.Flags & (CommandFlags.PassesUnitAttention | CommandFlags.PassesSanitize)) == 0)
            return task.Fail(run.InProgress);
        if ((command.Flags & CommandFlags.NeedsMedium) != 0 && !unit.Power.Ready) return task.Fail(unit.Power.NotReady);
        if ((command.Flags & CommandFlags.Writes) != 0 && !unit.Mode.Writable) return task.Fail(unit.Mode.WriteProtection);
        return Accept(task, command);
    }

    /// <summary>Executes a prepared task and fills its result. Completes synchronously where it can; never throws for an expected outcome.</summary>
    public ValueTask ExecuteAsync(ScsiTask task)
    {
        Debug.Assert(task.Server == this, "A task is executed by the device server that prepared it.");
        return task.Command!.Execute(task);
    }

    /// <summary>
    /// Begins a short cut write (<see cref="ScsiTask.Access"/>): true = nobody has the unit for himself until <see cref="ExitShared"/>;
    /// false = somebody does (COMPARE AND WRITE, reset), so use <see cref="ExecuteAsync"/>. A short cut read needs none of this.
    /// </summary>
    public bool TryEnterShared(ScsiTask task)
    {
        Debug.Assert(task.Server == this, "A task is executed by the device server that prepared it.");
        if (!task.Unit!.Gate.TryEnterShared()) return false;
        task.Unit.Rods.Changing(task.OffsetBytes, task.LengthBytes);
        return true;
    }

    /// <summary>Ends what a successful <see cref="TryEnterShared"/> began.</summary>
    public void ExitShared(ScsiTask task)
    {
        Debug.Assert(task.Server == this, "A task is executed by the device server that prepared it.");
        task.Unit!.Gate.ExitShared();
    }

    /// <summary>
    /// LOGICAL UNIT RESET (SAM-5 7.7), to be called when the tasks of the unit are gone: reservations of RESERVE(6) and PREVENT end,
    /// mode pages get their saved values, every nexus hears 29/03. False where the LUN is absent.
    /// </summary>
    public async ValueTask<bool> LogicalUnitResetAsync(ItNexus nexus, ulong lunField)
    {
        if (Find(nexus, lunField) is not { } itl) return lunField == LunField.ReportLuns;
        await ResetAsync(itl.Unit, SenseCodes.BusDeviceReset);
        return true;
    }

    /// <summary>TARGET WARM or COLD RESET: every logical unit is reset; every nexus hears 29/02 (SAM-5 6.3.2).</summary>
    public async ValueTask TargetResetAsync(ItNexus nexus)
    {
        foreach (ItlNexus itl in Follow(nexus)?.All ?? []) await ResetAsync(itl.Unit, SenseCodes.BusReset);
    }

    /// <summary>I_T NEXUS RESET, when the tasks of the nexus are gone: as if it had been lost (SAM-5 7.6), and its units say so (29/07).</summary>
    public void NexusReset(ItNexus nexus)
    {
        foreach (ItlNexus itl in Follow(nexus)?.All ?? []) itl.Unit.LoseNexus(itl);
    }

    /// <summary>The unit attention that the nexus would hear next on a unit, and how many wait; null = none. Takes nothing.</summary>
    public (SenseData First, int Count)? PeekUnitAttention(ItNexus nexus, ulong lunField) => Find(nexus, lunField)?.PeekUnitAttention();

    /// <summary>CLEAR TASK SET has ended the tasks of other nexuses: they hear COMMANDS CLEARED BY ANOTHER INITIATOR (2F/00).</summary>
    public bool TaskSetCleared(ItNexus nexus, ulong lunField)
    {
        if (Find(nexus, lunField) is not { } itl) return false;
        itl.Unit.Establish(SenseCodes.CommandsCleared, itl);
        return true;
    }

    /// <summary>True where the field addresses a logical unit of the inventory (or the well-known REPORT LUNS unit).</summary>
    public bool HasLogicalUnit(ItNexus nexus, ulong lunField) => lunField == LunField.ReportLuns || Find(nexus, lunField) is not null;

    /// <summary>
    /// Brings the units of the nexus up to date and answers them, null where it is not attached: after a change of what it can see all of them report it
    /// (SPC-4 6.33). A LUN that is masked is like one that is not mapped.
    /// </summary>
    public NexusUnits? Show(ItNexus nexus)
    {
        lock (attaching)
        {
            NexusUnits? before = nexus.Units;
            if (before is null || before.IsMadeOf(Luns.Units, nexus.UsableLuns)) return before;
            NexusUnits units = nexus.Units = NexusUnits.Follow(nexus, before, Luns.Units);
            if (units.ShowsTheSameAs(before)) return units;
            foreach (ItlNexus itl in units.All) itl.Establish(SenseCodes.ReportedLunsDataChanged);
            return units;
        }
    }

    private static bool Accept(ScsiTask task, CommandDescriptor command)
    {
        task.Command = command;
        task.Direction = command.Direction;
        return command.Prepare(task);
    }

    private static bool Unknown(ScsiTask task)
    {
        byte operationCode = task.Cdb.OperationCode;
        return task.Fail(CommandTable.HasServiceActions(operationCode)
            ? SenseCodes.InvalidFieldInCdb.AtCdb(1, 4)
            : SenseCodes.InvalidCommandOperationCode.AtCdb(0));
    }

    private static bool PrepareWithoutUnit(ScsiTask task, CommandDescriptor? command)
    {
        if (command is null || (command.Flags & CommandFlags.AnyLun) == 0)
        {
            if (task.LunField != LunField.ReportLuns) return task.Fail(SenseCodes.LogicalUnitNotSupported);
            if (command is not { OperationCode: 0x00 }) return Unknown(task);
        }

        if (!command.Mask.Allows(task.Cdb.Span, out int index, out int bit))
            return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(index, bit));
        return Accept(task, command);
    }

    private static async ValueTask ResetAsync(LogicalUnit unit, SenseData attention)
    {
        await unit.Gate.EnterExclusiveAsync();
        try
        {
            unit.Reset(attention);
        }
        finally
        {
            unit.Gate.ExitExclusive();
        }
    }

    private ItlNexus? Find(ItNexus nexus, ulong lunField)
    {
        int lun = LunField.Decode(lunField);
        return lun < 0 ? null : Follow(nexus)?.Find(lun);
    }

    private NexusUnits? Follow(ItNexus nexus)
    {
        NexusUnits? units = nexus.Units;
        return units is null || units.IsMadeOf(Luns.Units, nexus.UsableLuns) ? units : Show(nexus);
    }
}

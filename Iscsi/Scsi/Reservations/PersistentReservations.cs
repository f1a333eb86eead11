using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi.Reservations;

/// <summary>
/// The persistent reservations of a logical unit: the state in force, and its changes, which happen one after the other. A change that has
/// to survive a loss of power is in the store before it is in force. Any thread.
/// </summary>
internal sealed class PersistentReservations
{
    private const string StoreKey = "reservations";

    private readonly LogicalUnitStore? store;
    private readonly UnitGate changing = new();
    private ReservationState state;

    /// <summary>The reservations that the store has kept, none without a store.</summary>
    public PersistentReservations(LogicalUnitStore? store)
    {
        this.store = store;
        state = ReservationRecord.Read(store?.Load(StoreKey));
    }

    /// <summary>The state in force.</summary>
    public ReservationState State => Volatile.Read(ref state);

    /// <summary>PTPL_C: a state can survive a loss of power.</summary>
    public bool CanPersist => store is not null;

    /// <summary>True where the conflict table lets the nexus execute a command of this kind. Allocates only after a change.</summary>
    public bool Allows(ItlNexus itl, ReservationRule rule)
    {
        ReservationState now = State;
        if (!now.Reserved) return true;
        NexusStanding? standing = itl.Standing;
        if (standing is null || !ReferenceEquals(standing.State, now))
            itl.Standing = standing = new NexusStanding(now, NexusName.Of(itl.Nexus));
        return standing.Allows(rule);
    }

    /// <summary>
    /// Runs one change: <paramref name="decide"/> sees the state in force and returns the next one, or null where it has ended the task.
    /// </summary>
    public async ValueTask ChangeAsync(ScsiTask task, Func<ReservationState, ReservationChange?> decide)
    {
        if (await ApplyAsync(task, decide) is not { } change) return;
        // Not while the state is held: a task that is to end may wait for it.
        foreach (ItlNexus itl in task.Unit!.Nexuses)
            if (change.Aborts.Contains(NexusName.Of(itl.Nexus)) && itl.Nexus.AbortTasks is { } abort) await abort(itl.LunField);
    }

    private async ValueTask<ReservationChange?> ApplyAsync(ScsiTask task, Func<ReservationState, ReservationChange?> decide)
    {
        await changing.EnterExclusiveAsync();
        try
        {
            if (decide(State) is not { } change) return null;
            if ((change.Next.Persistent || State.Persistent) && !await TrySaveAsync(change.Next))
            {
                task.Fail(SenseCodes.InternalTargetFailure);
                return null;
            }

            Volatile.Write(ref state, change.Next);
            foreach (ItlNexus itl in task.Unit!.Nexuses)
                foreach ((NexusName nexus, SenseData attention) in change.Attentions)
                    if (NexusName.Of(itl.Nexus) == nexus) itl.Establish(attention);
            return change;
        }
        finally
        {
            changing.ExitExclusive();
        }
    }

    private async ValueTask<bool> TrySaveAsync(ReservationState next)
    {
        try
        {
            await store!.Save(StoreKey, ReservationRecord.Write(next));
            return true;
        }
        catch (Exception)
        {
            // What the embedder's store throws is its own; the host hears that nothing has changed.
            return false;
        }
    }
}

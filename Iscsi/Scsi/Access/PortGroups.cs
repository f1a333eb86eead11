using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Access;

/// <summary>
/// The access states of a logical unit by target port group (SPC-4 5.15.2). The group of a target port has its portal group tag as
/// identifier. Changed by the embedder (implicit) or by a host (explicit). Any thread.
/// </summary>
internal sealed class PortGroups
{
    private ImmutableDictionary<ushort, AccessState> states = ImmutableDictionary<ushort, AccessState>.Empty;
    private volatile bool allOptimized = true;

    /// <summary>The state of a group; active/optimized where nothing else was set.</summary>
    public AccessState StateOf(ushort group) =>
        allOptimized ? AccessState.ActiveOptimized : Volatile.Read(ref states).GetValueOrDefault(group, AccessState.ActiveOptimized);

    /// <summary>Sets the states of some groups; true where any has changed.</summary>
    public bool Change(IReadOnlyDictionary<ushort, AccessState> changes)
    {
        bool changed = ImmutableInterlocked.Update(ref states, static (all, some) => all.SetItems(some), changes);
        allOptimized = Volatile.Read(ref states).Values.All(state => state == AccessState.ActiveOptimized);
        return changed;
    }

    /// <summary>Why a group in this state does no I/O; null where it does.</summary>
    public static SenseData? Refusal(AccessState state) => state switch
    {
        AccessState.Standby => SenseCodes.TargetPortInStandbyState,
        AccessState.Unavailable => SenseCodes.TargetPortInUnavailableState,
        AccessState.Transitioning => SenseCodes.AsymmetricAccessStateTransition,
        _ => null,
    };
}

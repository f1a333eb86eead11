using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.ThirdPartyCopy;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// The I_T nexuses of all targets of a server. Through it a copy command finds a logical unit of another target, but only one that the
/// same initiator is logged in to: a copy must not reach what its host may not. Any thread.
/// </summary>
internal sealed class UnitDirectory(TimeProvider? time = null)
{
    private ImmutableArray<ItNexus> nexuses = [];

    /// <summary>The ROD tokens that hosts hold.</summary>
    public RodTokens Tokens { get; } = new(time ?? TimeProvider.System);

    /// <summary>A session has begun.</summary>
    public void Add(ItNexus nexus) => ImmutableInterlocked.Update(ref nexuses, (all, added) => all.Add(added), nexus);

    /// <summary>A session is over.</summary>
    public void Remove(ItNexus nexus) => ImmutableInterlocked.Update(ref nexuses, (all, removed) => all.Remove(removed), nexus);

    /// <summary>The I_T_L nexuses of an initiator, those of <paramref name="nexus"/> first.</summary>
    public IEnumerable<ItlNexus> UnitsOf(ItNexus nexus) => nexuses
        .Where(other => other.InitiatorName == nexus.InitiatorName)
        .OrderByDescending(other => other == nexus)
        .SelectMany(other => other.Units?.All ?? []);
}

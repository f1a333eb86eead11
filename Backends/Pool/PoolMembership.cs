using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool;

/// <summary>Decides whether what was found makes one whole pool. Changes nothing; each refusal names the file, the cause and the remedy.</summary>
internal static class PoolMembership
{
    /// <summary>Throws Fatal where the file is not empty and not a sound component of full length.</summary>
    public static void CheckComponent(ComponentProbe probe)
    {
        if (probe.File is null)
            return;
        string path = probe.Source.DisplayPath;
        if (probe.FrontHealth == LabelHealth.Newer || probe.BackHealth == LabelHealth.Newer)
            throw Refuse($"Pool component {path} was written by a later version of this program. Use that version; nothing was changed.");
        if (probe.Label is null && probe.FrontHealth == LabelHealth.Absent && probe.BackHealth == LabelHealth.Absent)
            throw Refuse($"{path} is not a pool component: it has {probe.File.LengthBytes} bytes and no label. Nothing was changed. Name another path, "
                + (probe.Source.IsDevice ? "or wipe the device (wipefs, blkdiscard -z) if what is on it is not needed." : "or remove the file if it is not needed."));
        if (probe.Label is null)
            throw Refuse($"Both labels of pool component {path} are damaged, so that its content cannot be found. Restore the file from a backup, "
                + $"or go on without it, if other components are whole (--without {path}).");
        if (probe.File.LengthBytes < probe.Label.Layout.SizeBytes)
            throw Refuse($"Pool component {path} has {probe.File.LengthBytes} bytes, but its label says {probe.Label.Layout.SizeBytes}: "
                + $"it was truncated. Restore it from a backup, or go on without it, if other components are whole (--without {path}).");
    }

    /// <summary>The probe whose label says what belongs to the pool: an addition or a creation that was not finished says nothing.</summary>
    public static ComponentProbe Newest(IReadOnlyList<ComponentProbe> probes)
    {
        ComponentProbe[] found = [.. probes.Where(probe => probe.Label is not null)];
        ComponentProbe[] ready = [.. found.Where(probe => probe.Label!.State == LabelState.Ready)];
        return (ready.Length > 0 ? ready : found).MaxBy(probe => probe.Label!.MembershipGeneration)!;
    }

    /// <summary>
    /// Throws Fatal where the components are not all of one pool, or not all that the pool has but for those that it goes <paramref name="without"/>. Returns those that it
    /// has; what else lies where it looked is left alone and said in <paramref name="findings"/>.
    /// </summary>
    public static IReadOnlyList<ComponentProbe> CheckSet(IReadOnlyList<ComponentProbe> probes, IReadOnlyList<string> without, List<PoolFinding> findings)
    {
        ComponentProbe newest = Newest(probes);
        ComponentLabel pool = newest.Label!;
        ComponentProbe[] found = [.. probes.Where(probe => probe.Label is not null)];
        foreach (ComponentProbe probe in found)
            CheckBelongs(probe, newest);
        foreach (PoolMember member in pool.Members.Where(member => member.State != MemberState.SetAside && IsNamed(member, without)))
        {
            if (found.Any(probe => probe.Label!.ComponentId == member.ComponentId))
                throw Refuse($"Component {member.LastPath} of pool '{pool.PoolName}' is there and whole: start without --without. To take it out, evacuate and remove it.");
        }

        PoolMember[] wanted = [.. pool.Members.Where(member => member.State != MemberState.SetAside && !IsNamed(member, without))];
        ComponentProbe[] belonging = [.. found.Where(probe => wanted.Any(member => member.ComponentId == probe.Label!.ComponentId))];
        foreach (IGrouping<Guid, ComponentProbe> same in belonging.GroupBy(probe => probe.Label!.ComponentId).Where(group => group.Count() > 1))
            throw Refuse($"{string.Join(" and ", same.Select(probe => probe.Source.DisplayPath))} are the same component of pool '{pool.PoolName}': "
                + "one is a copy of the other. Name only one of them.");

        foreach (PoolMember member in wanted)
        {
            if (!belonging.Any(probe => probe.Label!.ComponentId == member.ComponentId))
                throw Refuse($"Pool '{pool.PoolName}' is incomplete: component {member.Index} of {pool.Members.Count} ({member.ComponentId}) is missing; "
                    + $"it was last at {member.LastPath}. Bring it back, or correct its path in the settings. If it is gone for good, start once with "
                    + $"--without {member.LastPath}: {(pool.Copies > 1 ? "all that has a copy on another component stays whole" : "what only it holds is lost")}.");
        }

        foreach (PoolMember member in pool.Members.Except(wanted))
            findings.Add(new PoolFinding(PoolFindingKind.SetAside, member.LastPath,
                $"Pool '{pool.PoolName}' goes on without {member.LastPath} ({member.ComponentId}), which failed or was missing; nothing on it is used any more. Add it to use it "
                + "again, empty, or remove it (lunaria pool add, lunaria pool remove)."));
        foreach (ComponentProbe other in probes.Except(belonging).Where(probe =>
            !pool.Members.Any(member => member.ComponentId == probe.Label?.ComponentId || (probe.Label is null && member.State == MemberState.SetAside && member.LastPath == probe.Source.DisplayPath))))
            findings.Add(new PoolFinding(PoolFindingKind.NotOfThePool, other.Source.DisplayPath, other.Label is null
                ? $"{other.Source.DisplayPath} is named in the settings, but is no component of pool '{pool.PoolName}'. Add it (lunaria pool add), or remove it "
                  + "from the settings."
                : $"{other.Source.DisplayPath} is no component of pool '{pool.PoolName}' any more, or its addition was not finished; it is not used. Add it "
                  + "again, or remove it from the settings."));
        return belonging;
    }

    /// <summary>True where a member is among paths and ids.</summary>
    public static bool IsNamed(PoolMember member, IReadOnlyList<string> names) => names.Contains(member.LastPath) || names.Contains(member.ComponentId.ToString());

    private static void CheckBelongs(ComponentProbe probe, ComponentProbe newest)
    {
        ComponentLabel label = probe.Label!, pool = newest.Label!;
        if (label.PoolId != pool.PoolId)
            throw Refuse($"{probe.Source.DisplayPath} belongs to pool '{label.PoolName}' ({label.PoolId}), but {newest.Source.DisplayPath} to pool "
                + $"'{pool.PoolName}' ({pool.PoolId}). Name the components of one pool only.");
        foreach (PoolMember gone in label.Members.Where(member => member.State == MemberState.SetAside))
        {
            if (pool.Members.FirstOrDefault(member => member.ComponentId == gone.ComponentId) is { State: not MemberState.SetAside })
                throw Refuse($"{newest.Source.DisplayPath} and {probe.Source.DisplayPath} of pool '{pool.PoolName}' each went on without the other, so each has changes that the other "
                    + "lacks. Start with the one whose data is to stay, and clear the other (lunaria pool clear).");
        }

        if (label.Layout.ChunkBytes != pool.Layout.ChunkBytes)
            throw Refuse($"{probe.Source.DisplayPath} has chunks of {label.Layout.ChunkBytes} bytes, but pool '{pool.PoolName}' of "
                + $"{pool.Layout.ChunkBytes}: its label is wrong. Restore it from a backup.");
    }

    /// <summary>The error for a pool that cannot be opened as it is.</summary>
    public static ObjectStoreException Refuse(string message, Exception? cause = null) => new(ObjectStoreError.Fatal, message, cause);
}

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
                + "or remove the file if it is not needed.");
        if (probe.Label is null)
            throw Refuse($"Both labels of pool component {path} are damaged, so that its content cannot be found. Restore the file from a backup.");
        if (probe.File.LengthBytes < probe.Label.Layout.SizeBytes)
            throw Refuse($"Pool component {path} has {probe.File.LengthBytes} bytes, but its label says {probe.Label.Layout.SizeBytes}: "
                + "it was truncated. Restore it from a backup.");
    }

    /// <summary>Throws Fatal where the components are not all of one pool, and all that the pool has. Returns the members, as the newest label has them.</summary>
    public static IReadOnlyList<PoolMember> CheckSet(IReadOnlyList<ComponentProbe> probes)
    {
        ComponentProbe[] found = [.. probes.Where(probe => probe.Label is not null)];
        ComponentProbe newest = found.MaxBy(probe => probe.Label!.MembershipGeneration)!;
        ComponentLabel pool = newest.Label!;
        foreach (ComponentProbe probe in found)
            CheckBelongs(probe, newest);
        foreach (IGrouping<Guid, ComponentProbe> same in found.GroupBy(probe => probe.Label!.ComponentId).Where(group => group.Count() > 1))
            throw Refuse($"{string.Join(" and ", same.Select(probe => probe.Source.DisplayPath))} are the same component of pool '{pool.PoolName}': "
                + "one is a copy of the other. Name only one of them.");

        foreach (PoolMember member in pool.Members)
        {
            if (!found.Any(probe => probe.Label!.ComponentId == member.ComponentId))
                throw Refuse($"Pool '{pool.PoolName}' is incomplete: component {member.Index} of {pool.Members.Count} ({member.ComponentId}) is missing; "
                    + $"it was last at {member.LastPath}. Bring it back, or correct its path in the settings.");
        }

        if (probes.FirstOrDefault(probe => probe.Label is null) is { } absent)
            throw Refuse($"{absent.Source.DisplayPath} does not exist and is not needed: pool '{pool.PoolName}' is whole with its {pool.Members.Count} "
                + "components. Remove it from the settings.");
        return pool.Members;
    }

    private static void CheckBelongs(ComponentProbe probe, ComponentProbe newest)
    {
        ComponentLabel label = probe.Label!, pool = newest.Label!;
        if (label.PoolId != pool.PoolId)
            throw Refuse($"{probe.Source.DisplayPath} belongs to pool '{label.PoolName}' ({label.PoolId}), but {newest.Source.DisplayPath} to pool "
                + $"'{pool.PoolName}' ({pool.PoolId}). Name the components of one pool only.");
        if (!pool.Members.Any(member => member.ComponentId == label.ComponentId))
            throw Refuse($"{probe.Source.DisplayPath} is no component of pool '{pool.PoolName}' any more. Remove it from the settings.");
        if (label.Layout.ChunkBytes != pool.Layout.ChunkBytes)
            throw Refuse($"{probe.Source.DisplayPath} has chunks of {label.Layout.ChunkBytes} bytes, but pool '{pool.PoolName}' of "
                + $"{pool.Layout.ChunkBytes}: its label is wrong. Restore it from a backup.");
    }

    /// <summary>The error for a pool that cannot be opened as it is.</summary>
    public static ObjectStoreException Refuse(string message, Exception? cause = null) => new(ObjectStoreError.Fatal, message, cause);
}

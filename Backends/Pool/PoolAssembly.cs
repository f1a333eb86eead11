using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Microsoft.Extensions.Logging;

namespace Lunaria.Backends.Pool;

/// <summary>Puts a pool together from its components, making them first where none exists. Used once, by <see cref="LocalPool.OpenAsync"/>.</summary>
internal sealed class PoolAssembly(LocalPoolOptions options, ILogger logger)
{
    private readonly List<PoolFinding> findings = [];

    /// <summary>The open pool, or an <see cref="ObjectStoreException"/> that names the file, the cause and the remedy.</summary>
    public async ValueTask<LocalPool> OpenAsync()
    {
        PoolOptionsCheck.Check(options);
        var probes = new List<ComponentProbe>();
        try
        {
            foreach (PoolComponentSource source in options.Components)
                probes.Add(Take(source));
            await ReadAsync(probes);
            await LookAtLastPathsAsync(probes);
            if (probes.TrueForAll(NothingStored))
                await CreateAsync(probes);
            await FollowLabelsAsync(probes);
            IReadOnlyList<ComponentProbe> belonging = PoolMembership.CheckSet(probes, findings);
            IReadOnlyList<PoolMember> members = PoolMembership.Newest(probes).Label!.Members;
            PoolComponent[] components = [.. belonging.OrderBy(probe => probe.Label!.Index).Select(probe => new PoolComponent(probe, logger))];
            foreach (PoolComponent component in components)
                component.IsLeaving = members.Single(member => member.ComponentId == component.Label.ComponentId).State == MemberState.Evacuating;
            await RefreshLabelsAsync(probes, components, members);
            foreach (ComponentProbe other in probes.Except(belonging))
                other.Dispose();
            return await LoadAsync(components);
        }
        catch (Exception e)
        {
            foreach (ComponentProbe probe in probes)
                probe.Dispose();
            throw e is IOException or UnauthorizedAccessException ? PoolMembership.Refuse($"Pool '{options.Name}' cannot be opened: {e.Message}", e) : e;
        }
    }

    /// <summary>True for an absent component, and for one of a first set that was never completed.</summary>
    private static bool NothingStored(ComponentProbe probe) =>
        probe.File is null || probe.Label is { State: LabelState.Initializing, MembershipGeneration: PoolCreation.FirstMembership };

    /// <summary>Looks where the labels saw those components last that are not where the settings say; what is found may have newer labels to follow.</summary>
    private async ValueTask FollowLabelsAsync(List<ComponentProbe> probes)
    {
        var seen = new HashSet<string>(probes.Select(probe => probe.Source.DisplayPath), StringComparer.Ordinal);
        while (options.Locate is { } locate && probes.Exists(probe => probe.Label is not null))
        {
            PoolMember? missing = PoolMembership.Newest(probes).Label!.Members.FirstOrDefault(member =>
                !probes.Exists(probe => probe.Label?.ComponentId == member.ComponentId) && !seen.Contains(member.LastPath));
            if (missing is null)
                return;
            seen.Add(missing.LastPath);
            await LookAtAsync(probes, locate(missing.LastPath), missing.ComponentId);
        }
    }

    /// <summary>Looks where components were last; whatever else lies there is none of this pool's business.</summary>
    private async ValueTask LookAtLastPathsAsync(List<ComponentProbe> probes)
    {
        foreach (string path in options.LastPaths)
        {
            if (!probes.Exists(probe => probe.Source.DisplayPath == path))
                await LookAtAsync(probes, options.Locate?.Invoke(path), null);
        }
    }

    /// <summary>Takes what is there among the probes if it is a component, and the wanted one where that is known.</summary>
    private static async ValueTask LookAtAsync(List<ComponentProbe> probes, PoolComponentSource? source, Guid? wanted)
    {
        if (source is null)
            return;
        ComponentProbe found = Take(source);
        probes.Add(found);
        await found.ReadAsync();
        if (found.Label is { } label && (wanted ?? label.ComponentId) == label.ComponentId)
        {
            PoolMembership.CheckComponent(found);
            return;
        }

        probes.Remove(found);
        found.Dispose();
    }

    private static ComponentProbe Take(PoolComponentSource source)
    {
        try
        {
            return ComponentProbe.Take(source);
        }
        catch (IOException e)
        {
            throw PoolMembership.Refuse(
                $"Pool component {source.DisplayPath} cannot be locked: another process uses it, or its directory is not there. {e.Message}", e);
        }
    }

    private static async ValueTask ReadAsync(List<ComponentProbe> probes)
    {
        foreach (ComponentProbe probe in probes)
        {
            await probe.ReadAsync();
            PoolMembership.CheckComponent(probe);
        }
    }

    private async ValueTask CreateAsync(List<ComponentProbe> probes)
    {
        if (!options.MayCreate)
            throw PoolMembership.Refuse($"Pool '{options.Name}' does not exist at {options.Components[0].DisplayPath}, but is in use: its data is "
                + "elsewhere, or lost. Mount its disk, or correct the path.");
        foreach (ComponentProbe probe in probes)
            probe.Forget();
        Guid poolId = await PoolCreation.CreateAsync(options);
        PoolLog.Created(logger, options.Name, poolId, string.Join(", ", options.Components.Select(source => source.DisplayPath)));
        await ReadAsync(probes);
    }

    /// <summary>Writes labels that are damaged, old, unfinished, or know another path of a component.</summary>
    private async ValueTask RefreshLabelsAsync(List<ComponentProbe> probes, PoolComponent[] components, IReadOnlyList<PoolMember> members)
    {
        PoolMember[] current = [.. members.Select(member =>
            member with { LastPath = components.Single(component => component.Label.ComponentId == member.ComponentId).DisplayPath })];
        ulong membership = PoolMembership.Newest(probes).Label!.MembershipGeneration;
        foreach (PoolComponent component in components)
        {
            ComponentProbe probe = probes.Single(probe => ReferenceEquals(probe.File, component.File));
            var wanted = component.Label with { State = LabelState.Ready, MembershipGeneration = membership, Members = current };
            if (probe.FrontHealth != LabelHealth.Sound || probe.BackHealth != LabelHealth.Sound)
                findings.Add(new PoolFinding(PoolFindingKind.LabelRepaired, component.DisplayPath,
                    $"{component.DisplayPath}: the label at its {(probe.FrontHealth != LabelHealth.Sound ? "start" : "end")} was damaged "
                    + "and is repaired from the other."));
            if (!probe.LabelsAgree || component.Label.State != wanted.State || component.Label.MembershipGeneration != membership
                || !component.Label.Members.SequenceEqual(current))
                await component.WriteLabelAsync(_ => wanted);
        }
    }

    private async ValueTask<LocalPool> LoadAsync(PoolComponent[] components)
    {
        var objects = new List<ObjectEntry>();
        ulong generation = 0;
        foreach (PoolComponent component in components)
        {
            var loader = new TableLoader(component, findings);
            await loader.LoadAsync();
            objects.AddRange(loader.Live);
            generation = Math.Max(generation, loader.NewestGeneration);
        }

        var index = new Dictionary<string, ObjectEntry>(objects.Count, StringComparer.Ordinal);
        // The newest first: a second record of a key is what a crash left of a replacement, and a place belongs to its newest claimant.
        objects.Sort((a, b) => b.Record.Generation.CompareTo(a.Record.Generation));
        foreach (ObjectEntry entry in objects)
        {
            if (!index.TryAdd(entry.Record.Key, entry))
            {
                await entry.Component.Table.ClearAsync(entry, ++generation);
                entry.Component.Table.Return(entry.RecordNumber);
            }
            else if (!entry.Component.Slots.TryClaim((int)entry.Record.Chunk, entry.Record.FirstSlot, entry.Record.SlotCount))
            {
                index.Remove(entry.Record.Key);
                findings.Add(new PoolFinding(PoolFindingKind.ObjectOverlapped, entry.Component.DisplayPath,
                    $"{entry.Component.DisplayPath}: object '{entry.Record.Key}' lies where a newer object lies and is lost. Its table record "
                    + $"{entry.RecordNumber} is kept as evidence."));
            }
        }

        string name = components[0].Label.PoolName;
        foreach (PoolFinding finding in findings)
            PoolLog.Found(logger, name, finding.Message);
        var space = new PoolSpace(name, components, options, logger);
        PoolLog.Opened(logger, name, components[0].Label.PoolId, components.Length, index.Count, space.FreeBytes, space.TotalBytes);
        return new LocalPool(options, space, index, generation, findings, logger);
    }
}

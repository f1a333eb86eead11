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
            foreach (PoolComponentSource source in options.Components.Where(source => !options.Without.Contains(source.DisplayPath)))
                probes.Add(Take(source));
            await ReadAsync(probes);
            foreach (string path in options.Without)
                await LookAtUnusableAsync(probes, options.Components.FirstOrDefault(source => source.DisplayPath == path) ?? options.Locate?.Invoke(path));
            await LookAtLastPathsAsync(probes);
            if (probes.TrueForAll(NothingStored))
                await CreateAsync(probes);
            await FollowLabelsAsync(probes);
            IReadOnlyList<ComponentProbe> belonging = PoolMembership.CheckSet(probes, options.Without, findings);
            if (belonging.Count == 0)
                throw PoolMembership.Refuse($"Pool '{options.Name}' has no component left to go on with.");
            ComponentLabel newest = PoolMembership.Newest(probes).Label!;
            PoolMember[] members = [.. newest.Members.Select(member => PoolMembership.IsNamed(member, options.Without) ? member with { State = MemberState.SetAside } : member)];
            PoolComponent[] components = [.. belonging.OrderBy(probe => probe.Label!.Index).Select(probe => new PoolComponent(probe, logger))];
            foreach (PoolComponent component in components)
                component.IsLeaving = members.Single(member => member.ComponentId == component.Label.ComponentId).State == MemberState.Evacuating;
            await RefreshLabelsAsync(probes, components, newest, members);
            foreach (ComponentProbe other in probes.Except(belonging))
                other.Dispose();
            probes.RemoveAll(probe => !belonging.Contains(probe));
            return await LoadAsync(components, newest.Copies);
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
                !PoolMembership.IsNamed(member, options.Without) && !probes.Exists(probe => probe.Label?.ComponentId == member.ComponentId) && !seen.Contains(member.LastPath));
            if (missing is null)
                return;
            seen.Add(missing.LastPath);
            if (locate(missing.LastPath) is { } source)
                await LookAtAsync(probes, Take(source), missing.ComponentId);
        }
    }

    /// <summary>
    /// Looks where components were last; whatever else lies there is none of this pool's business. It may be in use (another disk has got that name, or one of the probes has two): then the labels
    /// that there are say whether a component is missing.
    /// </summary>
    private async ValueTask LookAtLastPathsAsync(List<ComponentProbe> probes)
    {
        foreach (string path in options.LastPaths)
        {
            if (probes.Exists(probe => probe.Source.DisplayPath == path) || options.Without.Contains(path) || options.Locate?.Invoke(path) is not { } source)
                continue;
            if ((probes.Exists(probe => probe.Label is not null) ? TryTake(source) : Take(source)) is { } found)
                await LookAtAsync(probes, found, null);
        }
    }

    /// <summary>Takes what is there among the probes if it is a component, and the wanted one where that is known.</summary>
    private static async ValueTask LookAtAsync(List<ComponentProbe> probes, ComponentProbe found, Guid? wanted)
    {
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

    /// <summary>Looks at a place that the pool is to go on without: what is whole there is taken among the probes, so that it is refused.</summary>
    private static async ValueTask LookAtUnusableAsync(List<ComponentProbe> probes, PoolComponentSource? source)
    {
        ComponentProbe? probe = null;
        try
        {
            if (source is null || !source.Disk.Exists(source.Path))
                return;
            probe = ComponentProbe.Take(source);
            await probe.ReadAsync();
            PoolMembership.CheckComponent(probe);
            if (probe.Label is not null)
                probes.Add(probe);
            else
                probe.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectStoreException)
        {
            probe?.Dispose();
        }
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

    /// <summary>Null = somebody has it locked.</summary>
    private static ComponentProbe? TryTake(PoolComponentSource source)
    {
        try
        {
            return ComponentProbe.Take(source);
        }
        catch (IOException)
        {
            return null;
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
        if (options.Without.Count > 0)
            throw PoolMembership.Refuse($"Pool '{options.Name}' has no component left to go on with, and none is made anew while one is to be gone without.");
        if (!options.MayCreate)
            throw PoolMembership.Refuse($"Pool '{options.Name}' does not exist at {options.Components[0].DisplayPath}, but is in use: its data is "
                + "elsewhere, or lost. Mount its disk, or correct the path.");
        PoolOptionsCheck.CheckSizes(options);
        PoolOptionsCheck.CheckCopies(options.Name, options.Copies, options.Components.Count);
        foreach (ComponentProbe probe in probes)
            probe.Forget();
        Guid poolId = await PoolCreation.CreateAsync(options);
        PoolLog.Created(logger, options.Name, poolId, string.Join(", ", options.Components.Select(source => source.DisplayPath)));
        await ReadAsync(probes);
    }

    /// <summary>Writes labels that are damaged, old, unfinished, know another path of a component, or one that the pool goes without from now on.</summary>
    private async ValueTask RefreshLabelsAsync(List<ComponentProbe> probes, PoolComponent[] components, ComponentLabel newest, IReadOnlyList<PoolMember> members)
    {
        PoolMember[] current = [.. members.Select(member =>
            member with { LastPath = Array.Find(components, component => component.Label.ComponentId == member.ComponentId)?.DisplayPath ?? member.LastPath })];
        ulong membership = newest.MembershipGeneration + (newest.Members.Select(member => member.State).SequenceEqual(members.Select(member => member.State)) ? 0UL : 1UL);
        foreach (PoolComponent component in components)
        {
            ComponentProbe probe = probes.Single(probe => ReferenceEquals(probe.File, component.File));
            var wanted = component.Label with { State = LabelState.Ready, MembershipGeneration = membership, Members = current, Copies = newest.Copies };
            if (probe.FrontHealth != LabelHealth.Sound || probe.BackHealth != LabelHealth.Sound)
                findings.Add(new PoolFinding(PoolFindingKind.LabelRepaired, component.DisplayPath,
                    $"{component.DisplayPath}: the label at its {(probe.FrontHealth != LabelHealth.Sound ? "start" : "end")} was damaged "
                    + "and is repaired from the other."));
            if (!probe.LabelsAgree || component.Label.State != wanted.State || component.Label.MembershipGeneration != membership
                || component.Label.Copies != wanted.Copies || !component.Label.Members.SequenceEqual(current))
                await component.WriteLabelAsync(_ => wanted);
        }
    }

    private async ValueTask<LocalPool> LoadAsync(PoolComponent[] components, int copiesWanted)
    {
        var copies = new List<ObjectCopy>();
        ulong generation = 0;
        foreach (PoolComponent component in components)
        {
            var loader = new TableLoader(component, findings);
            await loader.LoadAsync();
            copies.AddRange(loader.Live);
            generation = Math.Max(generation, loader.NewestGeneration);
        }

        var index = new Dictionary<string, ObjectEntry>(copies.Count, StringComparer.Ordinal);
        // The newest first: a record of another version, or one more than there should be, is what a crash left of a change, and a place belongs to its newest claimant.
        copies.Sort(NewestFirst);
        foreach (ObjectCopy copy in copies)
        {
            index.TryGetValue(copy.Record.Key, out ObjectEntry? entry);
            if (entry is not null && !IsFurtherCopy(entry, copy, copiesWanted))
            {
                await copy.Component.Table.ClearAsync(copy, ++generation);
                copy.Component.Table.Return(copy.RecordNumber);
            }
            else if (copy.Component.Slots.TryClaim((int)copy.Record.Chunk, copy.Record.FirstSlot, copy.Record.SlotCount))
                index[copy.Record.Key] = entry is null ? new ObjectEntry(copy) : new ObjectEntry([.. entry.Copies, copy]);
            else
                findings.Add(new PoolFinding(PoolFindingKind.ObjectOverlapped, copy.Component.DisplayPath,
                    $"{copy.Component.DisplayPath}: object '{copy.Record.Key}' lies where a newer object lies and is lost there. Its table record "
                    + $"{copy.RecordNumber} is kept as evidence."));
        }

        string name = components[0].Label.PoolName;
        foreach (PoolFinding finding in findings)
            PoolLog.Found(logger, name, finding.Message);
        var space = new PoolSpace(name, components, copiesWanted, options, logger);
        PoolLog.Opened(logger, name, components[0].Label.PoolId, components.Length, index.Count, space.Now.FreeBytes, space.Now.TotalBytes);
        return new LocalPool(options, space, index, generation, findings, logger);
    }

    /// <summary>Of copies of the same generation those first that do not move away.</summary>
    private static int NewestFirst(ObjectCopy a, ObjectCopy b) =>
        b.Record.Generation != a.Record.Generation ? b.Record.Generation.CompareTo(a.Record.Generation) : a.Component.IsLeaving.CompareTo(b.Component.IsLeaving);

    private static bool IsFurtherCopy(ObjectEntry entry, ObjectCopy copy, int copiesWanted) =>
        entry.Copies.Count < copiesWanted && entry.On(copy.Component) is null && entry.Record.Version == copy.Record.Version
        && entry.Record.LengthBytes == copy.Record.LengthBytes && entry.Record.ContentCrc == copy.Record.ContentCrc;
}

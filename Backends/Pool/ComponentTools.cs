using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <summary>
/// What can be done to components that no pool has open; each call takes their locks. Fatal, with cause and remedy, where one is in use, is none, or is of a pool with
/// another name than the one that was typed.
/// </summary>
public static class ComponentTools
{
    /// <summary>Labels and live table records of a component as JSON. Changes nothing.</summary>
    public static async ValueTask<string> DumpAsync(PoolComponentSource source)
    {
        using ComponentProbe probe = await TakeAsync(source);
        return await ComponentDump.WriteAsync(probe);
    }

    /// <summary>Erases one component: a file is deleted, a device is left blank.</summary>
    public static async ValueTask ClearAsync(PoolComponentSource source, string poolName)
    {
        using ComponentProbe probe = await TakeAsync(source);
        CheckName(probe, poolName);
        await EraseAsync(probe);
    }

    /// <summary>Erases all components of the pool that one of them belongs to, or none where one of them cannot be. Returns their paths.</summary>
    public static async ValueTask<IReadOnlyList<string>> DestroyAsync(PoolComponentSource source, string poolName, Func<string, PoolComponentSource?> locate)
    {
        var probes = new List<ComponentProbe> { await TakeAsync(source) };
        try
        {
            CheckName(probes[0], poolName);
            ComponentLabel first = probes[0].Label!;
            foreach (PoolMember member in first.Members.Where(member => member.ComponentId != first.ComponentId))
            {
                PoolComponentSource other = locate(member.LastPath)
                    ?? throw PoolMembership.Refuse($"Component {member.LastPath} of pool '{poolName}' is not there. Bring it back, or clear the others one by one.");
                ComponentProbe probe = await TakeAsync(other);
                probes.Add(probe);
                if (probe.Label!.PoolId != first.PoolId)
                    throw PoolMembership.Refuse($"{member.LastPath} belongs to pool '{probe.Label.PoolName}' now, not to '{poolName}'. Clear the others one by one.");
            }

            foreach (ComponentProbe probe in probes)
                await EraseAsync(probe);
            return [.. probes.Select(probe => probe.Source.DisplayPath)];
        }
        finally
        {
            foreach (ComponentProbe probe in probes)
                probe.Dispose();
        }
    }

    private static async ValueTask<ComponentProbe> TakeAsync(PoolComponentSource source)
    {
        if (!source.Disk.Exists(source.Path))
            throw PoolMembership.Refuse($"{source.DisplayPath} does not exist.");
        ComponentProbe? probe = null;
        try
        {
            probe = ComponentProbe.Take(source);
            await probe.ReadAsync();
            PoolMembership.CheckComponent(probe);
            return probe.Label is null ? throw PoolMembership.Refuse($"{source.DisplayPath} is empty: it is no pool component.") : probe;
        }
        catch (Exception e)
        {
            probe?.Dispose();
            throw e is IOException ? PoolMembership.Refuse($"{source.DisplayPath} cannot be used: an appliance has it, or it fails. {e.Message}", e) : e;
        }
    }

    private static void CheckName(ComponentProbe probe, string poolName)
    {
        if (probe.Label!.PoolName != poolName)
            throw PoolMembership.Refuse($"{probe.Source.DisplayPath} belongs to pool '{probe.Label.PoolName}', not to '{poolName}'. Nothing was changed.");
    }

    private static async ValueTask EraseAsync(ComponentProbe probe)
    {
        try
        {
            await PoolErasure.EraseAsync(probe.Source, probe.File!, probe.Label!.Layout);
        }
        catch (IOException e)
        {
            throw PoolMembership.Refuse($"{probe.Source.DisplayPath} cannot be erased: {e.Message}", e);
        }
    }
}

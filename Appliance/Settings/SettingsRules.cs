using System.Net;
using System.Net.Sockets;

namespace Lunaria.Appliance.Settings;

/// <summary>What single values cannot say: combinations that are impossible, with the numbers needed. Pure but for the size of memory.</summary>
internal static class SettingsRules
{
    /// <summary>Tells every impossible combination.</summary>
    public static void Check(ApplianceSettings settings, SettingsErrors errors)
    {
        CheckPortals(settings, errors);
        if (settings.S3 == null)
            CheckPool(settings, errors);
        else
            CheckEndpoints(settings.S3.Endpoints, errors);
        CheckMemory(settings, errors);
        CheckTargets(settings.BootstrapTargets, errors);
    }

    private static void CheckPortals(ApplianceSettings settings, SettingsErrors errors)
    {
        var portals = settings.Iscsi.Portals;
        for (var i = 0; i < portals.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (Overlap(portals[i], portals[j]))
                    errors.Add($"iscsi.portals[{i}]", $"{portals[i]} is already served by {portals[j]} (iscsi.portals[{j}]); keep one of them");
            }
        }

        if (settings.Web.Certificate == null != (settings.Web.CertificateKey == null))
            errors.Add("web", "has only one of certificate and certificateKey; write both or none");
        if (settings.Web.Listen is { } web && portals.FirstOrDefault(portal => Overlap(portal, web)) is { } taken)
            errors.Add("web.listen", $"{web} is already taken by the portal {taken} (iscsi.portals); choose another port");
    }

    /// <summary>True where two addresses cannot both be bound: [::] takes IPv4 hosts, too.</summary>
    private static bool Overlap(IPEndPoint a, IPEndPoint b) =>
        a.Port == b.Port && a.Port != 0
        && (a.Address.Equals(b.Address) || IsWildcardOver(a.Address, b.Address) || IsWildcardOver(b.Address, a.Address));

    private static bool IsWildcardOver(IPAddress address, IPAddress other) =>
        address.Equals(IPAddress.IPv6Any) || (address.Equals(IPAddress.Any) && other.AddressFamily == AddressFamily.InterNetwork);

    private static void CheckPool(ApplianceSettings settings, SettingsErrors errors)
    {
        var components = settings.PoolComponents;
        for (var i = 0; i < components.Count; i++)
        {
            var twin = components.Take(i).ToList().FindIndex(other => other.Path == components[i].Path);
            if (twin >= 0)
                errors.Add($"pool.components[{i}].path", $"{components[i].Path} is already pool.components[{twin}]; each needs a file of its own");
        }

        // The destager writes whole cuts of the log; a pool that cannot hold the log twice stops at its first full log.
        var pool = new ByteSize(components.Sum(component => component.Size.Bytes));
        if (pool.Bytes < 2 * settings.Log.Size.Bytes)
        {
            errors.Add(
                "log.size",
                $"{settings.Log.Size} needs a pool of at least {new ByteSize(2 * settings.Log.Size.Bytes)}, and pool.components have {pool} together; "
                + "enlarge the pool or shorten the log");
        }
    }

    private static void CheckEndpoints(IReadOnlyList<Uri> endpoints, SettingsErrors errors)
    {
        for (var i = 1; i < endpoints.Count; i++)
        {
            if (endpoints[i].Scheme != endpoints[0].Scheme)
                errors.Add($"backend.s3.endpoints[{i}]", $"{endpoints[i].GetLeftPart(UriPartial.Authority)} is not {endpoints[0].Scheme} like the first; take the same for all");
        }
    }

    private static void CheckMemory(ApplianceSettings settings, SettingsErrors errors)
    {
        var machine = new ByteSize(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        var wanted = new ByteSize(settings.MapMemory.Bytes + settings.Iscsi.BufferMemory.Bytes);
        if (wanted.CompareTo(machine) > 0)
        {
            errors.Add(
                "map.memory",
                $"{settings.MapMemory} and iscsi.bufferMemory {settings.Iscsi.BufferMemory} are {wanted.ToRoundedString()} together, more than this machine's {machine.ToRoundedString()}");
        }
    }

    private static void CheckTargets(IReadOnlyList<TargetSettings> targets, SettingsErrors errors)
    {
        var volumes = new Dictionary<string, (LunSettings Lun, string Path)>(StringComparer.Ordinal);
        for (var t = 0; t < targets.Count; t++)
        {
            var target = targets[t];
            var path = $"bootstrap.targets[{t}]";
            var twin = targets.Take(t).ToList().FindIndex(other => other.Iqn == target.Iqn);
            if (twin >= 0)
                errors.Add($"{path}.iqn", $"{target.Iqn} is already bootstrap.targets[{twin}]; each target needs a name of its own");
            CheckLuns(target, path, volumes, errors);
            if (target.Chap is { } chap)
                CheckChap(chap, $"{path}.chap", errors);
        }
    }

    private static void CheckLuns(TargetSettings target, string targetPath, Dictionary<string, (LunSettings Lun, string Path)> volumes, SettingsErrors errors)
    {
        for (var l = 0; l < target.Luns.Count; l++)
        {
            var lun = target.Luns[l];
            var path = $"{targetPath}.luns[{l}]";
            var twin = target.Luns.Take(l).ToList().FindIndex(other => other.Lun == lun.Lun);
            if (twin >= 0)
                errors.Add($"{path}.lun", $"{lun.Lun} is already {targetPath}.luns[{twin}]; each needs a number of its own");
            if (volumes.TryAdd(lun.Volume, (lun, path)))
                continue;
            var (first, firstPath) = volumes[lun.Volume];
            if (first.Size != lun.Size)
                errors.Add($"{path}.size", $"{lun.Size} differs from the {first.Size} that {firstPath} gives the same volume {lun.Volume}; write one size");
            if (first.Unit != lun.Unit)
                errors.Add(path, $"shows volume {lun.Volume} with another blockSize, readOnly, removable or writeSameToEnd than {firstPath}; a volume looks the same on every path");
        }
    }

    private static void CheckChap(ChapSettings chap, string path, SettingsErrors errors)
    {
        if (chap.MutualUser == null != (chap.MutualSecret == null))
            errors.Add(path, "has only one of mutualUser and mutualSecret; write both or none");
        if (chap.MutualSecret == chap.Secret)
            errors.Add($"{path}.mutualSecret", "equals secret; RFC 7143 9.2.1 wants two different ones");
    }
}

using System.Net;
using System.Net.Sockets;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// What to type on a host to reach the targets, and the line that scripts wait for. Pure but for the addresses of this machine.
/// </summary>
internal static class ConnectionHints
{
    /// <summary>More portals or targets than this are not shown one by one.</summary>
    private const int MaxShown = 4;

    /// <summary>
    /// The line <c>ready portals=LIST targets=LIST web=URL</c>: lists are separated by commas, and <c>web=off</c> stands for no status pages.
    /// </summary>
    public static string ReadyLine(IEnumerable<IPEndPoint> portals, IEnumerable<TargetView> targets, string? webUrl) =>
        $"ready portals={string.Join(',', portals)} targets={string.Join(',', targets.Select(target => target.Iqn))} web={webUrl ?? "off"}";

    /// <summary>Where the page is; <paramref name="code"/>: what sets the administrator's password on it, null where one is set.</summary>
    public static IEnumerable<string> Page(string? webUrl, string? code)
    {
        if (webUrl == null)
            yield break;
        yield return "Page:";
        yield return code == null ? $"  {webUrl}" : $"  {webUrl}/#{code}  (sets the administrator's password; the code {code} is good until then or the next start)";
    }

    /// <summary>The commands for ESXi, Windows, Linux and QEMU. <paramref name="portals"/>: as bound; wildcards become real addresses.</summary>
    public static IEnumerable<string> Commands(IEnumerable<IPEndPoint> portals, IReadOnlyList<TargetView> targets)
    {
        var reachable = PortalAddresses.Of(portals);
        var shown = reachable.Take(MaxShown).ToList();
        var shownTargets = targets.Take(MaxShown).ToList();
        List<string> lines =
        [
            "Linux (open-iscsi):",
            .. shown.Select(portal => $"  iscsiadm -m discovery -t sendtargets -p {portal}"),
            .. shownTargets.SelectMany(target => LinuxLogin(target, PortalOf(target, reachable))),
            "Windows (PowerShell as administrator):",
            "  Set-Service MSiSCSI -StartupType Automatic; Start-Service MSiSCSI",
            .. shown.Select(portal => $"  New-IscsiTargetPortal -TargetPortalAddress {portal.Address} -TargetPortalPortNumber {portal.Port}"),
            .. shownTargets.Select(target => $"  Connect-IscsiTarget -NodeAddress {target.Iqn} -IsPersistent $true{WindowsChap(target)}"),
            "VMware ESXi (vmhba64: the name that the second command shows):",
            "  esxcli iscsi software set --enabled=true",
            "  esxcli iscsi adapter list",
            .. shown.Select(portal => $"  esxcli iscsi adapter discovery sendtarget add --adapter=vmhba64 --address={portal}"),
            .. shownTargets.Where(target => ChapUser(target) != null).Take(1).Select(target =>
                $"  esxcli iscsi adapter auth chap set --adapter=vmhba64 --direction=uni --level=required --authname={ChapUser(target)} --secret=SECRET"),
            "  esxcli storage core adapter rescan --adapter=vmhba64",
        ];
        if (reachable.Count > shown.Count || targets.Count > shownTargets.Count)
            lines.Add($"{reachable.Count} addresses and {targets.Count} targets in all.");
        return lines;
    }

    /// <summary>Where to log in to a target: at the first of its own portals that hosts reach.</summary>
    private static IPEndPoint PortalOf(TargetView target, IReadOnlyList<IPEndPoint> reachable)
    {
        List<IPEndPoint> own = [.. target.Portals.Select(IPEndPoint.Parse)];
        return reachable.FirstOrDefault(portal => own.Count == 0 || own.Any(one => one.Port == portal.Port && (one.Equals(portal) || IsWildcardFor(one, portal)))) ?? own[0];
    }

    private static bool IsWildcardFor(IPEndPoint wildcard, IPEndPoint portal) =>
        wildcard.Address.Equals(IPAddress.IPv6Any) || (wildcard.Address.Equals(IPAddress.Any) && portal.AddressFamily == AddressFamily.InterNetwork);

    private static IEnumerable<string> LinuxLogin(TargetView target, IPEndPoint portal)
    {
        var node = $"  iscsiadm -m node -T {target.Iqn} -p {portal}";
        if (ChapUser(target) is { } user)
        {
            yield return $"{node} -o update -n node.session.auth.authmethod -v CHAP";
            yield return $"{node} -o update -n node.session.auth.username -v {user}";
            yield return $"{node} -o update -n node.session.auth.password -v SECRET";
        }

        yield return $"{node} --login";
    }

    private static string WindowsChap(TargetView target) =>
        ChapUser(target) is { } user ? $" -AuthenticationType ONEWAYCHAP -ChapUsername {user} -ChapSecret SECRET" : "";

    private static string? ChapUser(TargetView target) => target.Initiators.FirstOrDefault(initiator => initiator.ChapUser != null)?.ChapUser;
}

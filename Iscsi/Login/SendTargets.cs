using System.Net;
using System.Net.Sockets;

namespace Lunaria.Iscsi.Login;

/// <summary>The answer to SendTargets (RFC 7143 Appendix C). Pure.</summary>
internal static class SendTargets
{
    /// <summary>Adds what <paramref name="who"/> may see of <paramref name="targets"/>.</summary>
    /// <param name="value">All, a target name, or empty for the session's own target.</param>
    /// <param name="targets">All there are.</param>
    /// <param name="who">The initiator and, but in a discovery session, its target.</param>
    /// <param name="addresses">Addresses of the portals, as <see cref="Address"/> writes them.</param>
    /// <returns>False where the value is not allowed in this kind of session.</returns>
    public static bool TryAnswer(
        string value, TargetDirectory targets, LoginIdentity who, IReadOnlyList<string> addresses, List<KeyValuePair<string, string>> answer)
    {
        IscsiTarget? own = who.Target;
        IEnumerable<IscsiTarget> chosen;
        if (value == "All")
        {
            // Only a discovery session may ask for everything.
            if (own is not null) return false;
            chosen = targets.All.OrderBy(target => target.Name, StringComparer.Ordinal);
        }
        else if (value.Length == 0)
        {
            if (own is null) return false;
            chosen = [own];
        }
        else
        {
            IscsiTarget? named = targets.Find(value);
            chosen = named is null || (own is not null && !ReferenceEquals(named, own)) ? [] : [named];
        }
        foreach (IscsiTarget target in chosen)
        {
            if (InitiatorAccess.Find(target.Access, who.InitiatorName, who.Address) is null) continue;
            answer.Add(new("TargetName", target.Name));
            foreach (string address in addresses) answer.Add(new("TargetAddress", address));
        }
        return true;
    }

    /// <summary><c>10.0.0.1:3260,1</c> or <c>[2001:db8::1]:3260,1</c> (RFC 7143 13.8).</summary>
    public static string Address(IPEndPoint endPoint, ushort portalGroupTag)
    {
        IPAddress address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        // A scope identifier means something on this machine only.
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0) address = new(address.GetAddressBytes());
        string host = address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
        return $"{host}:{endPoint.Port},{portalGroupTag}";
    }
}

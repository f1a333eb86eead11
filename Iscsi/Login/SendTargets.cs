namespace Lunaria.Iscsi.Login;

/// <summary>The answer to SendTargets (RFC 7143 Appendix C). Pure.</summary>
internal static class SendTargets
{
    /// <summary>Adds what <paramref name="who"/> may see of <paramref name="targets"/>.</summary>
    /// <param name="value">All, a target name, or empty for the session's own target.</param>
    /// <param name="targets">All there are.</param>
    /// <param name="who">The initiator and, but in a discovery session, its target.</param>
    /// <param name="addresses">TargetAddress of each portal of a target.</param>
    /// <returns>False where the value is not allowed in this kind of session.</returns>
    public static bool TryAnswer(
        string value, TargetDirectory targets, LoginIdentity who, Func<IscsiTarget, IReadOnlyList<string>> addresses, List<KeyValuePair<string, string>> answer)
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
            // Without an address a host would take the one it asks at, where this target is not.
            if (addresses(target) is not { Count: > 0 } where) continue;
            answer.Add(new("TargetName", target.Name));
            foreach (string address in where) answer.Add(new("TargetAddress", address));
        }
        return true;
    }
}

using System.Collections.Concurrent;
using Lunaria.Iscsi.Login;

namespace Lunaria.Iscsi;

/// <summary>The targets of a server by name. Names compare without case (RFC 7143 4.2.7). Any thread.</summary>
internal sealed class TargetDirectory
{
    private const int MaxRemembered = 1024;

    private readonly ConcurrentDictionary<string, IscsiTarget> targets = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, LoginStatus> gone = new(StringComparer.OrdinalIgnoreCase);

    public ICollection<IscsiTarget> All => targets.Values;

    public IscsiTarget? Find(string name) => targets.GetValueOrDefault(name);

    /// <summary>What is answered to logins at a target that is not there: not found, or what was said at its removal.</summary>
    public LoginStatus WhyNot(string name) => gone.GetValueOrDefault(name, LoginStatus.NotFound);

    public bool TryAdd(IscsiTarget target)
    {
        if (!targets.TryAdd(target.Name, target)) return false;
        gone.TryRemove(target.Name, out _);
        return true;
    }

    /// <summary>Removes a target; logins at it are answered with <paramref name="why"/> from now on, as long as not too many have gone.</summary>
    public IscsiTarget? Remove(string name, LoginStatus why)
    {
        if (!targets.TryRemove(name, out IscsiTarget? target)) return null;
        if (gone.Count < MaxRemembered) gone[target.Name] = why;
        return target;
    }
}

using System.Collections.Concurrent;

namespace Lunaria.Iscsi;

/// <summary>The targets of a server by name. Names compare without case (RFC 7143 4.2.7). Any thread.</summary>
internal sealed class TargetDirectory
{
    private readonly ConcurrentDictionary<string, IscsiTarget> targets = new(StringComparer.OrdinalIgnoreCase);

    public ICollection<IscsiTarget> All => targets.Values;

    public IscsiTarget? Find(string name) => targets.GetValueOrDefault(name);

    public bool TryAdd(IscsiTarget target) => targets.TryAdd(target.Name, target);

    public IscsiTarget? Remove(string name) => targets.TryRemove(name, out IscsiTarget? target) ? target : null;
}

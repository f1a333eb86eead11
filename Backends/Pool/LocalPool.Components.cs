using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool;

/// <content>
/// The set of components while the pool is in use. A change is made once the first label of a component that stays says so; the others follow, at
/// the next opening at the latest. In memory a change counts only when all labels have it, so nothing depends on one that is in doubt.
/// </content>
public sealed partial class LocalPool
{
    private readonly SemaphoreSlim changing = new(1);
    private ulong membership;

    /// <summary>The pool's name.</summary>
    public string PoolName { get; }

    /// <summary>The pool's id.</summary>
    public Guid PoolId { get; }

    /// <summary>The paths of all components, as the labels have them.</summary>
    public IReadOnlyList<string> ComponentPaths => [.. space.Components.Select(component => component.DisplayPath)];

    /// <summary>The pool and its components now. Any thread.</summary>
    public PoolStatus GetStatus() => new(
        PoolName, PoolId, Volatile.Read(ref membership), chunkBytes, Watermark, space.TotalBytes, space.FreeBytes, space.ReservedBytes,
        [.. space.Components.Select(StatusOf)], Findings);

    /// <summary>
    /// Makes a place a component, and uses it at once. One that is being evacuated takes objects again instead. Fatal, with cause and remedy, where
    /// something else lies there. After a failure the pool is what it was; the next start may find the component in it, empty.
    /// </summary>
    public ValueTask AddAsync(PoolComponentSource source, CancellationToken cancellation) => ChangeAsync(async () =>
    {
        if (space.Components.FirstOrDefault(component => component.DisplayPath == source.DisplayPath) is { } known)
        {
            await TakeBackAsync(known);
            return;
        }

        PoolMember member = PoolAddition.Plan(this, source);
        ulong next = ++membership;
        PoolMember[] members = [.. Members(), member];
        PoolComponent added = await new PoolAddition(source, logger).MakeAsync(LabelOf(member, next, members));
        try
        {
            await WriteMembersAsync(space.Components, next, members);
            await added.WriteLabelAsync(label => label with { State = LabelState.Ready });
        }
        catch
        {
            added.Dispose();
            throw;
        }

        space.Add(added);
        PoolLog.ComponentAdded(logger, PoolName, source.DisplayPath, added.Layout.DataBytes);
    }, cancellation);

    /// <summary>
    /// Removes an evacuated component: nothing lies on it. A file is deleted, a device loses its labels. OutOfSpace or Fatal, and nothing changed,
    /// where it holds objects or is the last.
    /// </summary>
    public ValueTask RemoveAsync(string path, CancellationToken cancellation) => ChangeAsync(async () =>
    {
        PoolComponent leaving = Find(path);
        if (!leaving.IsLeaving || space.UsedBytes(leaving) > 0)
            throw PoolMembership.Refuse($"Component {path} of pool '{PoolName}' still holds {space.UsedBytes(leaving)} bytes, or takes new objects: evacuate it first.");
        PoolComponent[] staying = [.. space.Components.Where(component => component != leaving)];
        await WriteMembersAsync(staying, ++membership, [.. Members().Where(member => member.ComponentId != leaving.Label.ComponentId)]);
        space.Remove(leaving);
        PoolLog.ComponentRemoved(logger, PoolName, path);
        await PoolErasure.ForgetAsync(leaving, logger);
    }, cancellation);

    private async ValueTask TakeBackAsync(PoolComponent component)
    {
        if (!component.IsLeaving)
            throw PoolMembership.Refuse($"{component.DisplayPath} is a component of pool '{PoolName}' already.");
        await WriteMembersAsync(space.Components, ++membership, [.. Members().Select(member => WithState(member, component, MemberState.Active))]);
        space.SetLeaving(component, false);
    }

    private async ValueTask ChangeAsync(Func<Task> change, CancellationToken cancellation)
    {
        await changing.WaitAsync(cancellation);
        try
        {
            if (space.Components.FirstOrDefault(component => component.IsFaulted) is { } faulted)
                throw PoolMembership.Refuse($"The components of pool '{PoolName}' cannot be changed while {faulted.DisplayPath} has failed. "
                    + "Check the device, then start again.");
            await change();
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>The first label that is durable makes the change; the rest is repeated by an opening after a crash.</summary>
    private static async ValueTask WriteMembersAsync(IReadOnlyList<PoolComponent> components, ulong generation, PoolMember[] members)
    {
        foreach (PoolComponent component in components)
            await component.WriteLabelAsync(label => label with { MembershipGeneration = generation, Members = members });
    }

    private IReadOnlyList<PoolMember> Members() => space.Components.MaxBy(component => component.Label.MembershipGeneration)!.Label.Members;

    private static PoolMember WithState(PoolMember member, PoolComponent component, MemberState state) =>
        member.ComponentId == component.Label.ComponentId ? member with { State = state } : member;

    private ComponentLabel LabelOf(PoolMember member, ulong membershipGeneration, PoolMember[] members) => new(
        LabelState.Initializing, Generation: 1, membershipGeneration, PoolId, member.ComponentId, member.Index, PoolName,
        ComponentLayout.Create(member.SizeBytes, chunkBytes), RecordsFormatted: 0, members);

    private PoolComponent Find(string path) =>
        space.Components.FirstOrDefault(component => component.DisplayPath == path || component.Label.ComponentId.ToString() == path)
        ?? throw new ObjectStoreException(ObjectStoreError.NotFound,
            $"Pool '{PoolName}' has no component {path}; it has {string.Join(", ", ComponentPaths)}.");

    private PoolComponentStatus StatusOf(PoolComponent component) => new(
        component.DisplayPath, component.Label.ComponentId, component.Source.IsDevice,
        component.IsFaulted ? PoolComponentState.Failed : component.IsLeaving ? PoolComponentState.Evacuating : PoolComponentState.Active,
        component.Layout.DataBytes, space.UsedBytes(component), component.FaultCause);
}

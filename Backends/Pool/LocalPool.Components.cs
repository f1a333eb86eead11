using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Nito.AsyncEx;

namespace Lunaria.Backends.Pool;

/// <content>
/// The set of components while the pool is in use. A change is made once the first label of a component that stays says so; the others follow, at
/// the next opening at the latest. In memory a change counts only when all labels have it of components that work, so nothing depends on one that is in doubt.
/// </content>
public sealed partial class LocalPool
{
    private readonly AsyncLock changing = new();
    private ulong membership;

    /// <summary>The pool's name.</summary>
    public string PoolName { get; }

    /// <summary>The pool's id.</summary>
    public Guid PoolId { get; }

    /// <summary>The paths of all components, as the labels have them.</summary>
    public IReadOnlyList<string> ComponentPaths => [.. space.Components.Select(component => component.DisplayPath)];

    /// <summary>The pool and its components now. Any thread.</summary>
    public PoolStatus GetStatus() => new(
        PoolName, PoolId, Volatile.Read(ref membership), chunkBytes, Watermark, space.Now,
        space.Copies, mendingNow, Interlocked.Read(ref repairedCopies), [.. damaged.Keys.Order(StringComparer.Ordinal)],
        [.. space.Components.Select(StatusOf), .. Absent().Select(StatusOf)], Findings);

    /// <summary>
    /// Makes a place a component, and uses it at once. One that is being evacuated takes objects again instead; one that is set aside is made anew, in its size where none is
    /// told. Fatal, with cause and
    /// remedy, where something else lies there. After a failure the pool is what it was; the next start may find the component in it, empty.
    /// </summary>
    public async ValueTask AddAsync(PoolComponentSource source, CancellationToken cancellation)
    {
        PoolComponent? known = space.Components.FirstOrDefault(component => component.DisplayPath == source.DisplayPath);
        if (known is { IsSetAside: true })
            await RemoveAsync(known.Label.ComponentId.ToString(), cancellation);
        await ChangeAsync(async () =>
        {
            if (known is { IsSetAside: false })
            {
                await TakeBackAsync(known);
                return;
            }

            PoolMember? before = Members().FirstOrDefault(other => other.State == MemberState.SetAside && other.LastPath == source.DisplayPath);
            PoolComponentSource place = source.SizeBytes == 0 ? source with { SizeBytes = before?.SizeBytes ?? known?.Label.Layout.SizeBytes ?? 0 } : source;
            PoolMember member = PoolAddition.Plan(this, place);
            ulong next = ++membership;
            PoolMember[] members = [.. Members().Where(other => other != before), member];
            PoolComponent added = await new PoolAddition(place, logger).MakeAsync(LabelOf(member, next, members), IsOurs);
            try
            {
                await WriteMembersAsync(space.Components, next, members, space.Copies);
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
        WakeMender();
    }

    /// <summary>
    /// Removes a component that is evacuated or set aside: nothing that counts lies on it. A file is deleted, a device loses its labels. OutOfSpace or Fatal, and nothing
    /// changed, where it holds objects or is the last.
    /// </summary>
    public async ValueTask RemoveAsync(string path, CancellationToken cancellation)
    {
        if (Absent().FirstOrDefault(member => member.LastPath == path || member.ComponentId.ToString() == path) is { } absent)
        {
            await ChangeAsync(() => ForgetAsync(absent.ComponentId, except: null), cancellation);
            return;
        }

        PoolComponent leaving = Find(path);
        if (leaving.IsSetAside)
            await ForgetCopiesAsync(leaving, cancellation);
        await ChangeAsync(async () =>
        {
            if (!leaving.IsSetAside && (!leaving.IsLeaving || leaving.IsFaulted || space.UsedBytes(leaving) > 0))
                throw PoolMembership.Refuse($"Component {path} of pool '{PoolName}' still holds {space.UsedBytes(leaving)} bytes, or takes new objects: evacuate it first.");
            await ForgetAsync(leaving.Label.ComponentId, leaving);
            space.Remove(leaving);
            PoolLog.ComponentRemoved(logger, PoolName, path);
            await PoolErasure.ForgetAsync(leaving, logger);
        }, cancellation);
    }

    /// <summary>
    /// From now on each object is to be on so many components; what there is follows in the background. Fatal or OutOfSpace, and nothing changed, where components or space are too few.
    /// </summary>
    public async ValueTask SetCopiesAsync(int copies, CancellationToken cancellation)
    {
        await ChangeAsync(async () =>
        {
            PoolOptionsCheck.CheckCopies(PoolName, copies, space.Components.Count(component => component.TakesObjects));
            if (copies == space.Copies)
                return;
            long used = space.Components.Where(component => !component.IsSetAside).Sum(space.UsedBytes), free = space.FreeBytesWithout(null);
            if (copies > space.Copies && used + space.ReservedBytes > free)
                throw new ObjectStoreException(ObjectStoreError.OutOfSpace,
                    $"Pool '{PoolName}' holds {used} bytes and has {free} free: a second copy of all of it and the reserve do not fit. Add a component first.");
            await WriteMembersAsync(space.Components, ++membership, [.. Members()], copies);
            space.SetCopies(copies);
            PoolLog.CopiesChanged(logger, PoolName, copies);
        }, cancellation);
        WakeMender();
    }

    private async ValueTask TakeBackAsync(PoolComponent component)
    {
        if (!component.IsLeaving || component.IsFaulted)
            throw PoolMembership.Refuse($"{component.DisplayPath} is a component of pool '{PoolName}' already{(component.IsFaulted ? ", and has failed: evacuate it" : "")}.");
        await WriteMembersAsync(space.Components, ++membership, [.. Members().Select(member => WithState(member, component, MemberState.Active))], space.Copies);
        space.SetLeaving(component, false);
    }

    private async ValueTask ChangeAsync(Func<Task> change, CancellationToken cancellation)
    {
        using (await changing.TakeAsync(cancellation))
        {
            await change();
        }
    }

    private Task ForgetAsync(Guid componentId, PoolComponent? except) => WriteMembersAsync(
        [.. space.Components.Where(component => component != except)], ++membership, [.. Members().Where(member => member.ComponentId != componentId)], space.Copies).AsTask();

    /// <summary>
    /// The first label that is durable makes the change; the rest is repeated by an opening after a crash. Components that have failed, or do so now, are passed over, since
    /// the newest label counts. Fails where none is left.
    /// </summary>
    private static async ValueTask WriteMembersAsync(IReadOnlyList<PoolComponent> components, ulong generation, PoolMember[] members, int copies)
    {
        ObjectStoreException? failure = null;
        int written = 0;
        foreach (PoolComponent component in components.Where(component => !component.IsFaulted))
        {
            try
            {
                await component.WriteLabelAsync(label => label with { MembershipGeneration = generation, Members = members, Copies = copies });
                written++;
            }
            catch (ObjectStoreException e) when (component.IsFaulted)
            {
                failure = e;
            }
        }

        if (written == 0)
            throw failure ?? PoolMembership.Refuse("No component of the pool takes changes: all have failed. Check the devices, then start again.");
    }

    private PoolComponent NewestLabelled() => space.Components.MaxBy(component => component.Label.MembershipGeneration)!;

    internal IReadOnlyList<PoolMember> Members() => NewestLabelled().Label.Members;

    /// <summary>Members that are set aside and not open.</summary>
    private IEnumerable<PoolMember> Absent() => Members().Where(member => !space.Components.Any(component => component.Label.ComponentId == member.ComponentId));

    /// <summary>True for a label that an unfinished addition left, or a component that the pool does without.</summary>
    private bool IsOurs(ComponentLabel label) =>
        label.PoolId == PoolId && (label.State == LabelState.Initializing || !space.Components.Any(component => component.Label.ComponentId == label.ComponentId));

    private static PoolMember WithState(PoolMember member, PoolComponent component, MemberState state) =>
        member.ComponentId == component.Label.ComponentId ? member with { State = state } : member;

    private ComponentLabel LabelOf(PoolMember member, ulong membershipGeneration, PoolMember[] members) => new(
        LabelState.Initializing, Generation: 1, membershipGeneration, PoolId, member.ComponentId, member.Index, PoolName,
        ComponentLayout.Create(member.SizeBytes, chunkBytes), RecordsFormatted: 0, members)
    {
        Copies = space.Copies,
    };

    private PoolComponent Find(string path) =>
        space.Components.FirstOrDefault(component => component.DisplayPath == path || component.Label.ComponentId.ToString() == path)
        ?? throw new ObjectStoreException(ObjectStoreError.NotFound,
            $"Pool '{PoolName}' has no component {path}; it has {string.Join(", ", ComponentPaths)}.");

    private PoolComponentStatus StatusOf(PoolComponent component) => new(
        component.DisplayPath, component.Label.ComponentId, component.Source.IsDevice,
        component.IsSetAside ? PoolComponentState.SetAside
        : component.IsFaulted ? PoolComponentState.Failed
        : component.IsLeaving ? PoolComponentState.Evacuating : PoolComponentState.Active,
        component.Layout.DataBytes, component.IsSetAside ? 0 : space.UsedBytes(component), component.FaultCause);

    private static PoolComponentStatus StatusOf(PoolMember member) => new(
        member.LastPath, member.ComponentId, false, PoolComponentState.SetAside, 0, 0,
        "The pool went on without it. Add it to use it again, empty, or remove it for good.");
}

using System.Collections.Concurrent;
using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool;

/// <content>
/// Components that fail while the pool is used. One is trusted at the next start unless the newest labels say that it is set aside, and no change is answered that passes
/// over one that is not: so what it holds is either up to date or never used again. It is set aside once everything on it has a copy elsewhere; what has none is still read from it.
/// </content>
public sealed partial class LocalPool
{
    // Keys of which a record may lie on a component that failed while it was changed; written under the key's lock.
    private readonly ConcurrentDictionary<string, PoolComponent[]> doubtful = new(StringComparer.Ordinal);

    /// <summary>What lies on a component that failed, and nowhere else, is being copied: then it is set aside, and what was refused for its sake can be done.</summary>
    private bool WillBeMended => space.Copies > 1 && space.Components.Any(component => component.TakesObjects);

    private void Doubt(string key, PoolComponent component) => doubtful[key] = [.. doubtful.GetValueOrDefault(key, []), component];

    /// <summary>A key in doubt can be changed again once what it is in doubt on is set aside; Fatal until then.</summary>
    private async ValueTask SettleDoubtAsync(string key)
    {
        if (!doubtful.TryGetValue(key, out PoolComponent[]? components))
            return;
        foreach (PoolComponent component in components)
        {
            if (!await TrySetAsideAsync(component))
                throw new ObjectStoreException(WillBeMended ? ObjectStoreError.Retry : ObjectStoreError.Fatal,
                    $"Whether object '{key}' exists is in doubt: pool component {component.DisplayPath} failed while it was stored. "
                    + "Check the device, then start again.");
        }

        doubtful.TryRemove(key, out _);
    }

    /// <summary>
    /// Lets the labels of the others say that nothing on a failed component counts any more; true where they do. False where it works, where something lies nowhere
    /// else, or where no component is left to say so.
    /// </summary>
    private async ValueTask<bool> TrySetAsideAsync(PoolComponent failed)
    {
        if (failed.IsSetAside)
            return true;
        if (!failed.IsFaulted)
            return false;
        using IDisposable held = await changing.LockAsync();
        try
        {
            if (failed.IsSetAside)
                return true;
            if (Objects.Any(entry => entry.SoundCopies == 0 && entry.On(failed) is not null))
                return false;
            await WriteMembersAsync(space.Components, ++membership, [.. Members().Select(member => WithState(member, failed, MemberState.SetAside))], space.Copies);
            space.SetAside(failed);
            PoolLog.ComponentSetAside(logger, PoolName, failed.DisplayPath);
            WakeMender();
            return true;
        }
        catch (ObjectStoreException)
        {
            return false; // No component is left that could say so.
        }
    }

    /// <summary>Lets go of all copies on a component that is set aside, so that it can be closed. Fatal where what is elsewhere failed, too.</summary>
    private async ValueTask ForgetCopiesAsync(PoolComponent aside, CancellationToken cancellation)
    {
        foreach (ObjectEntry entry in Objects.Where(entry => entry.On(aside) is not null))
        {
            using KeyLocks.Held held = await keyLocks.TakeAsync(entry.Key, cancellation);
            if (index.TryGetValue(entry.Key, out ObjectEntry? now))
                await ReplaceAsync(now, [.. now.Copies.Where(copy => copy.Component != aside)]);
        }
    }

    /// <summary>Keys of the objects that lie on a component that failed and on none that works.</summary>
    public IReadOnlyList<string> GetKeysOnlyOn(Guid componentId) => space.Components.FirstOrDefault(component => component.Label.ComponentId == componentId) is { IsFaulted: true } failed
        ? [.. Objects.Where(entry => entry.SoundCopies == 0 && entry.On(failed) is not null).Select(entry => entry.Key)]
        : [];

    /// <summary>Looks at a component after something went wrong with it.</summary>
    private void NoticeFault(PoolComponent component)
    {
        if (component.IsFaulted)
            WakeMender();
    }

    /// <summary>A copy could not be read, or is not what was stored: it is looked at, and a component of which nothing can be read any more has failed.</summary>
    private void Suspect(ObjectEntry entry, ObjectCopy copy)
    {
        if (copy.Component.FailsReads && HasOther(copy.Component))
            copy.Component.Fault(new IOException($"nothing can be read from it any more, the last was object '{entry.Key}'."));
        if (entry.Copies.Count > 1 && !copy.Component.IsFaulted)
            suspects.TryAdd(entry.Key, 0);
        if (entry.Copies.Count > 1)
            WakeMender();
    }
}

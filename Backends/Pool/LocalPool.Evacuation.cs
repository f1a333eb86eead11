using System.Buffers;
using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Pool;

/// <content>
/// Evacuation: each object of a component is stored elsewhere under its key and tag with a newer generation, then its old record is cleared. A crash between
/// leaves both, of which the newer counts. The labels say that the component takes nothing new, so a start in between goes on that way.
/// </content>
public sealed partial class LocalPool
{
    private const int MovesAtOnce = 4;
    private static readonly TimeSpan PutsInProgress = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Moves everything from a component to the others while both are used. <paramref name="progress"/> hears moved and total bytes, on any thread.
    /// Cancelled or failed it can be begun again; until then the component takes nothing new. OutOfSpace, and nothing changed, where the others have
    /// too little room; Fatal at the end where objects cannot be read: they stay. Of a component that failed what is still readable and nowhere else is copied; it is set aside
    /// in the end.
    /// </summary>
    public async ValueTask EvacuateAsync(string path, Action<long, long> progress, CancellationToken cancellation)
    {
        PoolComponent leaving = Find(path);
        if (leaving.IsSetAside)
            throw PoolMembership.Refuse($"Nothing on {path} is used any more: remove it.");
        await ChangeAsync(() => BeginLeavingAsync(leaving), cancellation);
        long totalBytes = space.UsedBytes(leaving);
        progress(0, totalBytes);
        // Puts that took their place before the component was closed for them end while the rest moves.
        while (!leaving.IsFaulted && space.UsedBytes(leaving) > 0)
        {
            ObjectEntry[] left = [.. Objects.Where(entry => entry.On(leaving) is not null)];
            await MoveAsync(left, leaving, _ => progress(Math.Max(0, totalBytes - space.UsedBytes(leaving)), totalBytes), cancellation);
            if (left.Length == 0)
                await Task.Delay(PutsInProgress, cancellation);
        }

        if (leaving.IsFaulted)
            await RescueAsync(leaving, totalBytes, progress, cancellation);
        progress(totalBytes, totalBytes);
        PoolLog.ComponentEvacuated(logger, PoolName, leaving.DisplayPath, totalBytes);
    }

    /// <summary>Copies what lies only on a component that failed; once nothing does, it is set aside.</summary>
    private async ValueTask RescueAsync(PoolComponent failed, long totalBytes, Action<long, long> progress, CancellationToken cancellation)
    {
        ObjectEntry[] only = [.. Objects.Where(entry => entry.On(failed) is not null && entry.SoundCopies == 0)];
        long left = only.Sum(entry => (long)entry.LengthBytes);
        await MoveAsync(only, failed, entry => progress(Math.Max(0, totalBytes - Interlocked.Add(ref left, -entry.LengthBytes)), totalBytes), cancellation);
        if (!await TrySetAsideAsync(failed))
            failed.ThrowIfFaulted();
        WakeMender();
    }

    /// <summary>Moves objects, a few at once. Fatal at the end where some cannot be read.</summary>
    private async ValueTask MoveAsync(ObjectEntry[] entries, PoolComponent leaving, Action<ObjectEntry> moved, CancellationToken cancellation)
    {
        var unreadable = new List<string>();
        await Parallel.ForEachAsync(entries, new ParallelOptions { MaxDegreeOfParallelism = MovesAtOnce, CancellationToken = cancellation }, async (entry, stop) =>
        {
            if (!await TryMoveAsync(entry.Key, leaving, stop))
            {
                lock (unreadable)
                    unreadable.Add(entry.Key);
            }

            moved(entry);
        });
        if (unreadable.Count > 0)
            throw new ObjectStoreException(ObjectStoreError.Fatal,
                $"{unreadable.Count} objects of pool component {leaving.DisplayPath} cannot be read and stay there: {string.Join(", ", unreadable.Take(10))}. "
                + "Check the device; delete what needs them, or restore it, then evacuate again.");
    }

    private async Task BeginLeavingAsync(PoolComponent leaving)
    {
        int others = space.Components.Count(component => component != leaving && component.TakesObjects);
        if (others == 0)
            throw PoolMembership.Refuse($"{leaving.DisplayPath} is the only component of pool '{PoolName}' that takes objects. Add another first.");
        if (others < space.Copies && !leaving.IsFaulted)
            throw PoolMembership.Refuse($"Without {leaving.DisplayPath} pool '{PoolName}' has {others} component that takes objects, too few for {space.Copies} copies of each. "
                + "Add another first.");
        if (leaving.IsLeaving)
            return;
        space.SetLeaving(leaving, true);
        try
        {
            long used = leaving.IsFaulted ? 0 : space.UsedBytes(leaving);
            long free = space.Copies == 1 ? space.Now.FreeBytes : Math.Max(0, space.FreeBytesWithout(leaving) - space.ReservedBytes);
            if (used > free)
                throw new ObjectStoreException(ObjectStoreError.OutOfSpace,
                    $"{leaving.DisplayPath} holds {used} bytes, and the other components of pool '{PoolName}' have {free} free. Add a component first.");
            await WriteMembersAsync(
                space.Components, ++membership, [.. Members().Select(member => WithState(member, leaving, MemberState.Evacuating))], space.Copies);
        }
        catch
        {
            space.SetLeaving(leaving, false);
            throw;
        }
    }

    /// <summary>False where its bytes cannot be read. One that was deleted or replaced meanwhile needs no move.</summary>
    private async ValueTask<bool> TryMoveAsync(string key, PoolComponent leaving, CancellationToken cancellation)
    {
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        if (!index.TryGetValue(key, out ObjectEntry? entry) || entry.On(leaving) is not { } old)
            return true;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, entry.LengthBytes));
        try
        {
            Memory<byte> content = buffer.AsMemory(0, entry.LengthBytes);
            await ReadForMoveAsync(entry, old, content);
            ObjectCopy[] added = await StoreAsync(
                new StoreRequest(key, content, entry.Record.Version, entry.Record.ContentCrc, 1, [.. entry.Copies.Select(copy => copy.Component)], FromReserve: false), cancellation);
            // The record on a component that failed cannot be cleared: the copy stays known, so that no change passes over it before it is set aside.
            ObjectCopy[] others = [.. entry.Copies.Where(copy => copy != old || leaving.IsFaulted)];
            await ReplaceAsync(entry, [.. added.Concat(others).OrderBy(copy => copy.Component.IsFaulted)]);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a copy that is right; where none is, the bytes as they are, so that the object stays known as damaged. IOException.</summary>
    private static async ValueTask ReadForMoveAsync(ObjectEntry entry, ObjectCopy old, Memory<byte> content)
    {
        foreach (ObjectCopy copy in entry.InReadingOrder())
        {
            if (entry.Copies.Count > 1 && await ReadAsync(copy, 0, content) is null)
                return;
        }

        await old.Component.ReadObjectAsync(old.OffsetBytes, content);
    }
}

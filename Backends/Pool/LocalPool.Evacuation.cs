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
    /// too little room; Fatal at the end where objects cannot be read: they stay.
    /// </summary>
    public async ValueTask EvacuateAsync(string path, Action<long, long> progress, CancellationToken cancellation)
    {
        PoolComponent leaving = Find(path);
        await ChangeAsync(() => BeginLeavingAsync(leaving), cancellation);
        long totalBytes = space.UsedBytes(leaving);
        var unreadable = new List<string>();
        progress(0, totalBytes);
        // Puts that took their place before the component was closed for them end while the rest moves.
        while (space.UsedBytes(leaving) > 0)
        {
            ObjectEntry[] left = [.. Objects.Where(entry => entry.Component == leaving)];
            await Parallel.ForEachAsync(left, new ParallelOptions { MaxDegreeOfParallelism = MovesAtOnce, CancellationToken = cancellation }, async (entry, stop) =>
            {
                if (!await TryMoveAsync(entry, stop))
                {
                    lock (unreadable)
                        unreadable.Add(entry.Record.Key);
                }

                progress(Math.Max(0, totalBytes - space.UsedBytes(leaving)), totalBytes);
            });
            leaving.ThrowIfFaulted();
            if (unreadable.Count > 0)
                throw new ObjectStoreException(ObjectStoreError.Fatal,
                    $"{unreadable.Count} objects of pool component {path} cannot be read and stay there: {string.Join(", ", unreadable.Take(10))}. "
                    + "Check the device; delete what needs them, or restore it, then evacuate again.");
            if (left.Length == 0)
                await Task.Delay(PutsInProgress, cancellation);
        }

        progress(totalBytes, totalBytes);
        PoolLog.ComponentEvacuated(logger, PoolName, leaving.DisplayPath, totalBytes);
    }

    private async Task BeginLeavingAsync(PoolComponent leaving)
    {
        if (space.Components.All(component => component == leaving || !component.TakesObjects))
            throw PoolMembership.Refuse($"{leaving.DisplayPath} is the only component of pool '{PoolName}' that takes objects. Add another first.");
        if (leaving.IsLeaving)
            return;
        space.SetLeaving(leaving, true);
        try
        {
            long used = space.UsedBytes(leaving), free = space.FreeBytes;
            if (used > free)
                throw new ObjectStoreException(ObjectStoreError.OutOfSpace,
                    $"{leaving.DisplayPath} holds {used} bytes, and the other components of pool '{PoolName}' have {free} free. Add a component first.");
            await WriteMembersAsync(space.Components, ++membership, [.. Members().Select(member => WithState(member, leaving, MemberState.Evacuating))]);
        }
        catch
        {
            space.SetLeaving(leaving, false);
            throw;
        }
    }

    /// <summary>False where its bytes cannot be read. One that was deleted or replaced meanwhile needs no move.</summary>
    private async ValueTask<bool> TryMoveAsync(ObjectEntry entry, CancellationToken cancellation)
    {
        using KeyLocks.Held held = await keyLocks.TakeAsync(entry.Record.Key, cancellation);
        ThrowIfDoubtful(entry.Record.Key);
        if (entry.Retired)
            return true;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, entry.LengthBytes));
        try
        {
            Memory<byte> content = buffer.AsMemory(0, entry.LengthBytes);
            await entry.Component.File.ReadAsync(entry.OffsetBytes, content);
            ObjectEntry moved = await StoreAsync(entry.Record.Key, content, entry, fromReserve: false, cancellation);
            index[entry.Record.Key] = moved;
            await RemoveAsync(entry);
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
}

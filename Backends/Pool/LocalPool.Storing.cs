using Lunaria.Backends.Pool.Format;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <content>
/// How copies get onto components: on each the bytes, durably, then the record that names them, durably. No record is written before the bytes are durable everywhere, and
/// nothing is answered before all records are.
/// </content>
public sealed partial class LocalPool
{
    /// <summary>What is stored: <paramref name="Wanted"/> copies (0 = as many as the pool keeps when all is done) on components that are not among <paramref name="Besides"/>. Version 0 = a new one.</summary>
    private readonly record struct StoreRequest(
        string Key, ReadOnlyMemory<byte> Content, ulong Version, uint ContentCrc, int Wanted, IReadOnlyCollection<PoolComponent> Besides, bool FromReserve);

    /// <summary>A place whose bytes are durable, and the record that is to name it.</summary>
    private readonly record struct PreparedCopy(SlotRun Run, long RecordNumber);

    private static StoreRequest NewObject(string key, ReadOnlyMemory<byte> content, bool fromReserve) =>
        new(key, content, 0, Crc32C.Compute(content.Span), 0, [], fromReserve);

    /// <summary>
    /// Stores the copies; changes nothing in the index. Fewer than wanted only where no other component takes objects because they failed. Where it throws, nothing
    /// is stored, or the key is in doubt.
    /// </summary>
    private async ValueTask<ObjectCopy[]> StoreAsync(StoreRequest request, CancellationToken cancellation)
    {
        // Puts run side by side, and a kernel that throttles writers holds up none but its own.
        await Task.Yield();
        int slots = space.Components[0].Layout.SlotsFor(request.Content.Length);
        var stored = new List<ObjectCopy>(2);
        List<PoolComponent> used = [.. request.Besides];
        ulong version = request.Version;
        try
        {
            ObjectStoreException? failure = null;
            while (stored.Count < Wanted(request))
            {
                SlotRun[] runs = Allocate(slots, request, stored.Count, used, failure);
                if (runs.Length == 0 && stored.Count > 0 && used.TrueForAll(component => component.IsFaulted || stored.Exists(copy => copy.Component == component)))
                    break;
                if (runs.Length == 0)
                    throw failure ?? NoPartner(request.Key);
                used.AddRange(runs.Select(run => run.Component));
                (List<PreparedCopy> prepared, failure) = await PrepareAsync(runs, request.Content, failure);
                if (prepared.Count == 0)
                    continue;
                if (stored.Count == 0 && cancellation.IsCancellationRequested)
                {
                    prepared.ForEach(Discard);
                    cancellation.ThrowIfCancellationRequested();
                }

                ulong newest = Interlocked.Increment(ref generation);
                version = version == 0 ? newest : version;
                (ObjectCopy[] recorded, failure) = await RecordAsync(prepared, request, newest, version, failure);
                stored.AddRange(recorded);
            }

            return [.. stored];
        }
        catch
        {
            foreach (ObjectCopy copy in stored)
                await TakeBackAsync(copy);
            throw;
        }
    }

    private int Wanted(in StoreRequest request) => request.Wanted > 0 ? request.Wanted : space.Copies;

    /// <summary>Places for what is still wanted. Where there are none because a component failed before, that failure is what the caller hears of.</summary>
    private SlotRun[] Allocate(int slots, in StoreRequest request, int storedCopies, List<PoolComponent> used, ObjectStoreException? failure)
    {
        try
        {
            return space.Allocate(slots, Math.Max(1, Wanted(request) - storedCopies), used, ComponentsOfTwins(request.Key), request.FromReserve);
        }
        catch (ObjectStoreException) when (failure is not null)
        {
            throw failure;
        }
    }

    private async ValueTask TakeBackAsync(ObjectCopy copy)
    {
        try
        {
            await ClearAsync(copy);
            Release(copy);
        }
        catch (ObjectStoreException)
        {
            // The key is in doubt now; what went wrong first is what the caller hears of.
        }
    }

    /// <summary>Makes the bytes durable in all places and takes records; what fails is given back, and its cause returned.</summary>
    private async ValueTask<(List<PreparedCopy> Prepared, ObjectStoreException? Failure)> PrepareAsync(
        SlotRun[] runs, ReadOnlyMemory<byte> content, ObjectStoreException? failure)
    {
        var prepared = new List<PreparedCopy>(runs.Length);
        Task<long>[] others = [.. runs.Skip(1).Select(run => Task.Run(() => PrepareAsync(run, content).AsTask()))];
        for (int i = 0; i < runs.Length; i++)
        {
            try
            {
                prepared.Add(new PreparedCopy(runs[i], i == 0 ? await PrepareAsync(runs[0], content) : await others[i - 1]));
            }
            catch (ObjectStoreException e)
            {
                failure = e;
            }
        }

        return (prepared, failure);
    }

    /// <summary>Makes the bytes durable and takes a record for them; gives the slots back where that fails.</summary>
    private async ValueTask<long> PrepareAsync(SlotRun run, ReadOnlyMemory<byte> content)
    {
        try
        {
            run.Component.WriteObject(run.OffsetBytes, content.Span);
            await run.Component.FlushAsync();
            return await run.Component.Table.TakeAsync();
        }
        catch (Exception e)
        {
            space.Free(run);
            if (run.Component.FailsWrites && HasOther(run.Component))
                run.Component.Fault(e.InnerException ?? e);
            NoticeFault(run.Component);
            if (e is ObjectDisposedException)
                throw run.Component.Fault(e);
            throw;
        }
    }

    private void Discard(PreparedCopy prepared)
    {
        prepared.Run.Component.Table.Return(prepared.RecordNumber);
        space.Free(prepared.Run);
    }

    /// <summary>Writes the records, on all components at once. Where one fails only the next opening tells whether it is there; until then its slots stay taken.</summary>
    private async ValueTask<(ObjectCopy[] Recorded, ObjectStoreException? Failure)> RecordAsync(
        List<PreparedCopy> prepared, StoreRequest request, ulong newest, ulong version, ObjectStoreException? failure)
    {
        var recorded = new List<ObjectCopy>(prepared.Count);
        ValueTask<ObjectCopy>[] writing = [.. prepared.Select(copy => RecordAsync(copy, request, newest, version))];
        for (int i = 0; i < writing.Length; i++)
        {
            try
            {
                recorded.Add(await writing[i]);
            }
            catch (ObjectStoreException e)
            {
                Doubt(request.Key, prepared[i].Run.Component);
                NoticeFault(prepared[i].Run.Component);
                failure = e;
            }
        }

        return recorded.Count > 0 || failure is null ? ([.. recorded], failure) : throw failure;
    }

    private static async ValueTask<ObjectCopy> RecordAsync(PreparedCopy prepared, StoreRequest request, ulong newest, ulong version)
    {
        SlotRun run = prepared.Run;
        var record = new TableRecord(TableRecordState.Live, newest, version, request.Key, (uint)run.Chunk, (byte)run.FirstSlot, (byte)run.Count,
            (uint)request.Content.Length, request.ContentCrc);
        long durableRound = await run.Component.Table.StoreAsync(prepared.RecordNumber, record);
        return new ObjectCopy(run.Component, prepared.RecordNumber, record, durableRound);
    }

    /// <summary>
    /// Readers find the object from now on. Where all components that have it failed meanwhile, one of them may be set aside already, so that the next start does not find
    /// it: then it is in doubt.
    /// </summary>
    private void Publish(ObjectEntry entry)
    {
        index[entry.Key] = entry;
        if (LacksMending(entry))
            WakeMender();
        if (entry.SoundCopies > 0)
            return;
        foreach (ObjectCopy copy in entry.Copies)
            Doubt(entry.Key, copy.Component);
        entry.First.Component.ThrowIfFaulted();
    }

    private bool HasOther(PoolComponent component) => space.Components.Any(other => other != component && other.TakesObjects);

    private ObjectStoreException NoPartner(string key) => new(ObjectStoreError.OutOfSpace,
        $"Pool '{PoolName}' has no other component for a further copy of object '{key}'. Add a component.");
}

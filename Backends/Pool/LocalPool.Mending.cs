using System.Buffers;
using System.Collections.Concurrent;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Pool;

/// <content>
/// Mending, in the background and one object at a time under its key's lock: each object gets the copies that it is to have, on components that work; damaged copies are
/// replaced by sound ones, and those too many, or on components that are set aside, go. A further copy is durable before anything is cleared, so a crash leaves too many
/// copies and never too few. Twins that lie on one component are separated.
/// </content>
public sealed partial class LocalPool
{
    private static readonly TimeSpan MendingRest = TimeSpan.FromSeconds(30);

    private readonly Lock mendingGate = new();
    private readonly CancellationTokenSource mendingStop = new();
    private readonly ConcurrentDictionary<string, byte> suspects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> damaged = new(StringComparer.Ordinal);
    private Task mending = Task.CompletedTask;
    private TaskCompletionSource? mendingCall;
    private TaskCompletionSource mendingIdle = CompletedSource();
    private volatile PoolMending? mendingNow;
    private long repairedCopies;

    /// <summary>
    /// Compares the copies of an object with its checksum and replaces the damaged ones; true where one was replaced, so that it is worth to read again.
    /// </summary>
    public async ValueTask<bool> MendAsync(string key, CancellationToken cancellation)
    {
        if (!index.TryGetValue(key, out ObjectEntry? entry) || entry.Copies.Count < 2)
            return false;
        suspects.TryAdd(key, 0);
        try
        {
            return await MendObjectAsync(key, cancellation);
        }
        catch (ObjectStoreException)
        {
            return false; // Who reads again hears of it.
        }
    }

    /// <summary>Complete once nothing is left to mend, or nothing can be mended for now.</summary>
    internal Task WhenMendedAsync()
    {
        lock (mendingGate)
            return mendingIdle.Task;
    }

    private void WakeMender()
    {
        lock (mendingGate)
        {
            if (mendingStop.IsCancellationRequested)
                return;
            if (mendingIdle.Task.IsCompleted)
                mendingIdle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (mendingCall is not null)
            {
                mendingCall.TrySetResult();
                return;
            }

            mendingCall = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            mending = Task.Run(MendAllAsync);
        }
    }

    private async ValueTask StopMendingAsync()
    {
        if (mendingStop.IsCancellationRequested)
            return;
        await mendingStop.CancelAsync();
        await mending;
    }

    /// <summary>Passes until there is nothing to do; after one that could not do all it rests, or until something changes.</summary>
    private async Task MendAllAsync()
    {
        try
        {
            while (true)
            {
                Task call = TakeCall();
                bool isDone = await MendPassAsync(mendingStop.Token);
                if (isDone && TryEndMending(call))
                    return;
                if (!isDone && TryRest(call))
                    await Task.WhenAny(call, Task.Delay(MendingRest, options.Time, mendingStop.Token));
                mendingStop.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The pool is being closed: the next opening goes on.
        }
    }

    private Task TakeCall()
    {
        lock (mendingGate)
        {
            mendingCall = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return mendingCall.Task;
        }
    }

    private bool TryEndMending(Task call)
    {
        lock (mendingGate)
        {
            if (call.IsCompleted)
                return false;
            (mendingCall, mendingNow) = (null, null);
            mendingIdle.TrySetResult();
            return true;
        }
    }

    private bool TryRest(Task call)
    {
        lock (mendingGate)
        {
            if (!call.IsCompleted)
                mendingIdle.TrySetResult();
            return !call.IsCompleted;
        }
    }

    private static TaskCompletionSource CompletedSource()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    /// <summary>One look at everything; true where nothing is left to do.</summary>
    private async Task<bool> MendPassAsync(CancellationToken cancellation)
    {
        ObjectEntry[] wanting = [.. Objects.Where(LacksMending)];
        long total = wanting.Sum(entry => (long)entry.LengthBytes), done = 0;
        long began = options.Time.GetTimestamp();
        string? cause = null;
        if (wanting.Length > 0)
            PoolLog.MendingBegan(logger, PoolName, wanting.Length, total);
        foreach (ObjectEntry entry in wanting)
        {
            mendingNow = new PoolMending(wanting.Length, total, done, cause);
            try
            {
                await MendObjectAsync(entry.Key, cancellation);
            }
            catch (ObjectStoreException e)
            {
                cause ??= e.Message;
            }

            done += entry.LengthBytes;
            TimeSpan ahead = TimeSpan.FromSeconds((double)done / options.MendBytesPerSecond) - options.Time.GetElapsedTime(began);
            if (ahead > TimeSpan.FromMilliseconds(20))
                await Task.Delay(ahead, options.Time, cancellation);
        }

        cause ??= await TrySeparateTwinsAsync(cancellation);
        if (space.Copies > 1)
        {
            foreach (PoolComponent failed in space.Components.Where(component => component.IsFaulted && !component.IsSetAside))
                await TrySetAsideAsync(failed);
        }

        if (wanting.Length > 0)
            PoolLog.MendingEnded(logger, PoolName, wanting.Length, cause ?? "all of them are as they should be");
        mendingNow = cause is null ? null : new PoolMending(wanting.Length, total, done, cause);
        return cause is null && !NeedsMending;
    }

    /// <summary>Null where twins are on more than one component now, or there is but one; else the cause.</summary>
    private async Task<string?> TrySeparateTwinsAsync(CancellationToken cancellation)
    {
        try
        {
            return FindCrowdedTwin() is not { } twin || await TryMoveAsync(twin.Key, twin.First.Component, cancellation) ? null : $"Object '{twin.Key}' cannot be read.";
        }
        catch (ObjectStoreException e)
        {
            return e.Message;
        }
    }

    private bool NeedsMending => Objects.Any(LacksMending) || FindCrowdedTwin() is not null;

    /// <summary>What there is of copies is not what there should be, as far as the components that work allow.</summary>
    private bool LacksMending(ObjectEntry entry)
    {
        if (suspects.ContainsKey(entry.Key))
            return true;
        int sound = entry.SoundCopies;
        return entry.Copies.Any(copy => copy.Component.IsSetAside) || sound > space.Copies || (space.Copies > 1 && sound < Math.Min(space.Copies, WorkingComponents()));
    }

    private int WorkingComponents() => space.Components.Count(component => !component.IsFaulted);

    /// <summary>True where a damaged copy was replaced. Fails where copies stay too few.</summary>
    private async ValueTask<bool> MendObjectAsync(string key, CancellationToken cancellation)
    {
        using KeyLocks.Held held = await keyLocks.TakeAsync(key, cancellation);
        bool isSuspect = suspects.TryRemove(key, out _);
        if (!index.TryGetValue(key, out ObjectEntry? entry))
            return false;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, entry.LengthBytes));
        try
        {
            Memory<byte> content = buffer.AsMemory(0, entry.LengthBytes);
            List<ObjectCopy> bad = isSuspect ? await FindDamagedAsync(entry, content) : [];
            if (bad.Count == entry.Copies.Count)
            {
                damaged.TryAdd(key, 0);
                return false;
            }

            damaged.TryRemove(key, out _);
            ObjectCopy[] kept = [.. entry.Copies.Where(copy => !bad.Contains(copy) && !copy.Component.IsSetAside)];
            ObjectCopy[] sound = [.. kept.Where(copy => !copy.Component.IsFaulted)];
            ObjectCopy[] added = [];
            int wanted = Math.Min(space.Copies, WorkingComponents()) - sound.Length;
            if (wanted > 0 && (space.Copies > 1 || bad.Count > 0))
            {
                await ReadSoundAsync(entry, bad, content);
                added = await StoreAsync(
                    new StoreRequest(key, content, entry.Record.Version, entry.Record.ContentCrc, wanted, [.. kept.Select(copy => copy.Component)], FromReserve: false), cancellation);
            }

            await ReplaceAsync(entry, [.. sound, .. added, .. kept.Except(sound)]);
            await DropSurplusAsync(key, cancellation);
            Interlocked.Add(ref repairedCopies, bad.Count);
            return bad.Count > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Copies on components that work and that cannot be read or are not what was stored.</summary>
    private static async ValueTask<List<ObjectCopy>> FindDamagedAsync(ObjectEntry entry, Memory<byte> content)
    {
        var bad = new List<ObjectCopy>();
        foreach (ObjectCopy copy in entry.Copies)
        {
            if (!copy.Component.IsFaulted && await ReadAsync(copy, 0, content) is not null)
                bad.Add(copy);
        }

        return bad;
    }

    /// <summary>Reads the object from a copy that is right. Fails with the cause of the last where none is.</summary>
    private static async ValueTask ReadSoundAsync(ObjectEntry entry, List<ObjectCopy> bad, Memory<byte> content)
    {
        ObjectStoreException? failure = null;
        foreach (ObjectCopy copy in entry.InReadingOrder().Except(bad))
        {
            failure = await ReadAsync(copy, 0, content);
            if (failure is null)
                return;
        }

        throw failure!;
    }

    /// <summary>Readers find these copies from now on; then the records of those that are not among them are cleared. The caller has the key's lock.</summary>
    private async ValueTask ReplaceAsync(ObjectEntry entry, ObjectCopy[] copies)
    {
        ObjectCopy[] leaving = [.. entry.Copies.Except(copies)];
        if (copies.Length == 0 || (leaving.Length == 0 && copies.Length == entry.Copies.Count))
            return;
        Publish(new ObjectEntry(copies));
        foreach (ObjectCopy copy in leaving)
        {
            await ClearAsync(copy);
            Release(copy);
        }
    }

    /// <summary>
    /// Clears a copy more than there should be. Nothing is set aside meanwhile: what decides that must not count a copy that is being cleared. The caller has the key's lock.
    /// </summary>
    private async ValueTask DropSurplusAsync(string key, CancellationToken cancellation)
    {
        while (index.TryGetValue(key, out ObjectEntry? entry) && entry.SoundCopies > space.Copies)
        {
            using (await changing.LockAsync(cancellation))
            {
                if (entry.SoundCopies <= space.Copies)
                    return;
                ObjectCopy surplus = entry.Copies.Where(copy => !copy.Component.IsFaulted).MaxBy(copy => space.UsedBytes(copy.Component))!;
                try
                {
                    await surplus.Component.Table.ClearAsync(surplus, Interlocked.Increment(ref generation));
                }
                catch (ObjectStoreException)
                {
                    Doubt(key, surplus.Component);
                    throw;
                }

                index[key] = new ObjectEntry([.. entry.Copies.Where(copy => copy != surplus)]);
                Release(surplus);
            }
        }
    }
}

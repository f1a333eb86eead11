using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Metadata;
using Microsoft.Extensions.Logging;
using Nito.AsyncEx;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// The right of this process to a store that other machines can reach. It is claimed by compare-and-set of the superblock, and lost when another appliance
/// claims it. A process that was stopped for a while does not know whether it still owns the store: it answers no host and changes nothing until it has
/// looked. Owned by the process, which closes it after the engine; thread-safe.
/// </summary>
public sealed class StoreOwnership : IAsyncDisposable
{
    /// <summary>A process that was not awake for this long may have lost the store.</summary>
    public static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(8);

    /// <summary>After this long the former owner has noticed, unless it cannot reach the store at all.</summary>
    public static readonly TimeSpan TakeOverWait = LongestSleep + TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1), CheckInterval = TimeSpan.FromSeconds(2), CheckTimeout = TimeSpan.FromSeconds(5);
    private readonly IObjectStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly AsyncLock _changing = new();
    private SuperblockContent _superblock;
    private volatile string _tag;
    private long _awakeAt;
    private Task _watch = Task.CompletedTask;

    private StoreOwnership(IObjectStore store, SuperblockContent superblock, string tag, TimeProvider time, ILogger logger)
    {
        (_store, _superblock, _tag, _time, _logger) = (store, superblock, tag, time, logger);
        _awakeAt = time.GetTimestamp();
        Store = new OwnedStore(store, this);
    }

    /// <summary>The store, for as long as it is owned: it refuses changes afterwards.</summary>
    public IObjectStore Store { get; }

    /// <summary>How often the store was claimed.</summary>
    public ulong Epoch => _superblock.Epoch;

    /// <summary>Completes, with the reason, when another appliance has claimed the store.</summary>
    public Task<string> Lost => _lost.Task;

    /// <summary>True while hosts may be answered. False also where that is not known for now. Allocates nothing, waits for nothing.</summary>
    public bool IsHeld => !_lost.Task.IsCompleted && _time.GetElapsedTime(Volatile.Read(ref _awakeAt)) < LongestSleep;

    /// <summary>
    /// Claims the store for an appliance that is going to be rebuilt from it, whoever has it: the other one stops. Complete = that one has noticed, and changes nothing any more.
    /// </summary>
    /// <exception cref="InvalidDataException">The store is empty or damaged.</exception>
    public static async ValueTask<StoreOwnership> ClaimForImportAsync(IObjectStore store, Guid applianceId, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        (SuperblockContent? before, _) = await ReadAsync(store, stop);
        return before is null
            ? throw new InvalidDataException("The object store is empty: there is nothing to import. Name the bucket and the prefix that the appliance used.")
            : await ClaimAsync(store, before.PoolId, static () => { }, applianceId, takeOver: true, time, logger, stop);
    }

    /// <summary>
    /// Claims the store for the appliance <paramref name="applianceId"/>. Another one's only with <paramref name="takeOver"/>: then it waits until that one
    /// has noticed. <paramref name="stop"/> ends waiting.
    /// </summary>
    /// <exception cref="InvalidDataException">The store is another appliance's or another pool's. The message names both and the remedy.</exception>
    public static ValueTask<StoreOwnership> ClaimAsync(
        IObjectStore store, MetadataDatabase metadata, Guid applianceId, bool takeOver, TimeProvider time, ILogger logger, CancellationToken stop) =>
        ClaimAsync(store, metadata.PoolId, () => Superblock.CheckUnused(metadata), applianceId, takeOver, time, logger, stop);

    private static async ValueTask<StoreOwnership> ClaimAsync(
        IObjectStore store, Guid poolId, Action checkUnused, Guid applianceId, bool takeOver, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                (SuperblockContent? before, string? tag) = await ReadAsync(store, stop);
                SuperblockContent claim = Claim(before, poolId, checkUnused, applianceId, takeOver);
                tag = await store.CompareAndSetAsync(Superblock.Key, tag, SuperblockCodec.Write(claim), stop);
                var ownership = new StoreOwnership(store, claim, tag, time, logger);
                // A takeover that was cut short may have begun only now: its wait counts again.
                if (before is not null && (before.IsFencing || (before.OwnerId != applianceId && before.OwnerId != Guid.Empty)))
                {
                    VolumesLog.StoreTakenOver(logger, before.OwnerId, claim.Epoch, (int)TakeOverWait.TotalSeconds);
                    await Task.Delay(TakeOverWait, time, stop);
                    Volatile.Write(ref ownership._awakeAt, time.GetTimestamp());
                }
                ownership._watch = ownership.WatchAsync();
                return ownership;
            }
            catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Retry or ObjectStoreError.Exists)
            {
                VolumesLog.ClaimDelayed(logger, e.Message);
                await Task.Delay(BackOff.Delay(attempt, time), time, stop);
            }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch;
        _stop.Dispose();
    }

    /// <summary>
    /// Completes a takeover: fills the names that the former owner gives its next segments, so that its late uploads collide. Gives the sequence from which on
    /// names are this owner's alone.
    /// </summary>
    internal async ValueTask<ulong> FenceAsync(IReadOnlyList<(Guid Volume, ulong NextSequence)> volumes, int window, CancellationToken cancellation)
    {
        if (!_superblock.IsFencing)
            return _superblock.FirstSequence;
        ulong first = await new SequenceFence(_store, _superblock, _logger).RunAsync(volumes, window, cancellation);
        using (await _changing.LockAsync(cancellation))
        {
            SuperblockContent fenced = _superblock with { FirstSequence = Math.Max(first, _superblock.FirstSequence), IsFencing = false };
            _tag = await _store.CompareAndSetAsync(Superblock.Key, _tag, SuperblockCodec.Write(fenced), cancellation);
            _superblock = fenced;
        }
        return _superblock.FirstSequence;
    }

    /// <summary>Complete = the store is owned as of now, where that was in doubt. Throws Fatal where it is lost, Retry where the store does not say.</summary>
    internal ValueTask RequireAsync(CancellationToken cancellation) => IsHeld ? ValueTask.CompletedTask : RequireNowAsync(cancellation);

    /// <summary>As <see cref="RequireAsync"/>, asking the store in any case.</summary>
    internal async ValueTask RequireNowAsync(CancellationToken cancellation)
    {
        if (!await IsMineAsync(cancellation))
            throw new ObjectStoreException(ObjectStoreError.Fatal, await Lost);
    }

    private static SuperblockContent Claim(SuperblockContent? before, Guid poolId, Action checkUnused, Guid applianceId, bool takeOver)
    {
        if (before is null)
        {
            checkUnused();
            return new(poolId, applianceId, 1, 0, IsFencing: false);
        }
        Superblock.CheckPool(before.PoolId, poolId);
        bool isMine = before.OwnerId == applianceId || before.OwnerId == Guid.Empty;
        if (!isMine && !takeOver)
            throw new InvalidDataException(
                $"The object store is in use by another appliance ({before.OwnerId}, epoch {before.Epoch}), or this data directory was copied or restored since. "
                + "Stop that appliance for good, then start this one with --take-over.");
        return before with { OwnerId = applianceId, Epoch = before.Epoch + 1, IsFencing = before.IsFencing || !isMine };
    }

    private static async ValueTask<(SuperblockContent? Content, string? Tag)> ReadAsync(IObjectStore store, CancellationToken cancellation)
    {
        if (await store.HeadAsync(Superblock.Key, cancellation) is not { } found)
            return (null, null);
        byte[] content = new byte[Math.Min(found.LengthBytes, SuperblockCodec.MaxBytes)];
        await store.GetAsync(Superblock.Key, 0, content, cancellation);
        return (SuperblockCodec.Read(content), found.Tag);
    }

    /// <summary>
    /// Stays awake and looks at the superblock now and then, side by side, since the store may answer slowly or not at all. After too long a sleep it counts
    /// as awake only when a look that began after it has shown that the store is still owned.
    /// </summary>
    private async Task WatchAsync()
    {
        Task<bool> check = Task.FromResult(true);
        long checkBegan = _time.GetTimestamp();
        bool inDoubt = false;
        while (!_lost.Task.IsCompleted)
        {
            await Task.Delay(Tick, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
                return;
            bool slept = !inDoubt && _time.GetElapsedTime(Volatile.Read(ref _awakeAt)) >= LongestSleep;
            if (slept)
            {
                VolumesLog.OwnershipInDoubt(_logger);
                (inDoubt, check) = (true, Task.FromResult(false));
            }
            else if (inDoubt && check is { IsCompletedSuccessfully: true } && await check)
                inDoubt = false;
            if (!inDoubt)
                Volatile.Write(ref _awakeAt, _time.GetTimestamp());
            if (check.IsCompleted && (inDoubt || _time.GetElapsedTime(checkBegan) >= CheckInterval))
                (checkBegan, check) = (_time.GetTimestamp(), LookAsync());
        }
    }

    /// <summary>True = the store is owned; false = it is not, or it does not say.</summary>
    private async Task<bool> LookAsync()
    {
        using var limit = new CancellationTokenSource(CheckTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        try
        {
            return await IsMineAsync(either.Token);
        }
        catch (Exception e) when (e is ObjectStoreException or OperationCanceledException)
        {
            return false;
        }
    }

    private async ValueTask<bool> IsMineAsync(CancellationToken cancellation)
    {
        if (_lost.Task.IsCompleted)
            return false;
        using (await _changing.LockAsync(cancellation))
        {
            if ((await _store.HeadAsync(Superblock.Key, cancellation))?.Tag == _tag)
                return true;
        }
        string reason = $"The object store was taken over by another appliance; this one held epoch {Epoch}. It stops serving. Start it again with --take-over only if the other one is stopped for good.";
        if (_lost.TrySetResult(reason))
            VolumesLog.StoreLost(_logger, reason);
        return false;
    }
}

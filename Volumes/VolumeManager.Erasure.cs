using System.Runtime.CompilerServices;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Lines;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes;

/// <content>Erasing a volume by throwing away its key.</content>
public sealed partial class VolumeManager
{
    private const int LooksInARow = 8;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100), BetweenTries = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _closing = new();

    /// <summary>Erases that an earlier life could not end; complete when they are at their end, or the engine is closed.</summary>
    internal Task FinishingErases { get; private set; } = Task.CompletedTask;

    /// <summary>True where all that the store has, or will have, of a volume is encrypted with a key that seals nothing else: then <see cref="EraseAsync"/> is offered.</summary>
    public bool HasOwnKey(Volume volume) => _store.HasOwnKey(SegmentKey.VolumePrefix(volume.Line.Record.Uuid));

    /// <summary>Why a volume cannot be erased now, and what to do about it; null = it can be.</summary>
    public async ValueTask<string?> FindEraseObstacleAsync(Volume volume)
    {
        uint line = volume.Line.Number;
        return
            !HasOwnKey(volume) ? $"Volume '{volume.Name}' has no key of its own: it was made before there were any, or the pool is not encrypted. Copy what is needed to a new volume."
            : volume.Refusal is { } refusal ? refusal.Cause
            : volume.IsTemplate ? $"Volume '{volume.Name}' is a template. Make it an ordinary volume first."
            : _catalog.CountSnapshots(volume.Uuid) > 0 || _catalog.ViewsOf(line).Count > 0 ? $"Volume '{volume.Name}' has snapshots or clones, which share its data. Delete them first."
            : await _publisher.WhileMapRestsAsync(maps => SharesSegments(maps, line)) ? $"Volume '{volume.Name}' shares data with other volumes: it is or was cloned, rolled back or copied by reference. Copy what is needed to a new volume and delete those."
            : null;
    }

    /// <summary>
    /// Makes a volume empty and its former content unreadable for ever: it goes on on a new line; the former line's segments are deleted, then the key they were sealed with is thrown
    /// away, and what write log and cache devices still have of any volume in places that are not in use is overwritten. Nobody may use the volume meanwhile, others may be used; <paramref name="progress"/> hears what share is done. After a crash the
    /// volume is as it was, or empty; then the next start goes on with the rest in the background.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="FindEraseObstacleAsync"/> has a reason, and nothing was changed; or the volume is empty, and part of its former data is shared after all.</exception>
    /// <exception cref="ObjectStoreException">The volume is empty; the store does not change the key ring. Erase it again.</exception>
    /// <exception cref="IOException">The volume is empty; log or cache could not be overwritten, or the former content not be given back. Erase it again.</exception>
    public async Task EraseAsync(Volume volume, Action<double> progress)
    {
        StrongBox<double> done = new(0);
        Task work = EraseAsync(volume, done);
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(BetweenLooks, _engine.Time));
            progress(Volatile.Read(ref done.Value));
        }
        await work;
    }

    private async Task EraseAsync(Volume volume, StrongBox<double> done)
    {
        // What the log shares is in the map then, where it is looked for.
        await DestageAsync(checkpoint: true);
        Volatile.Write(ref done.Value, 0.2);
        UnfinishedErase begun = await _changes.RunAsync(() => LeaveForNewLineAsync(volume));
        await FinishEraseAsync(begun, done, CancellationToken.None);
    }

    /// <summary>Goes on with what a crash, or a failure, cut short in an earlier life.</summary>
    private void BeginFinishingErases()
    {
        List<UnfinishedErase> left = [];
        foreach (UnfinishedErase erase in _erases.Read())
        {
            // Where the volume is still on the line, nothing of it had happened.
            if (_volumes.All.Any(volume => volume.Line.Number == erase.Line))
                _erases.Forget(erase);
            else
                left.Add(erase);
        }
        if (left.Count > 0)
            FinishingErases = FinishErasesAsync(left);
    }

    private async Task FinishErasesAsync(IReadOnlyList<UnfinishedErase> left)
    {
        await Task.Yield();
        foreach (UnfinishedErase erase in left)
        {
            for (int failures = 0; !_closing.IsCancellationRequested; failures++)
            {
                try
                {
                    await FinishEraseAsync(erase, new(0), _closing.Token);
                    break;
                }
                catch (OperationCanceledException)
                {
                    return; // The engine is closed, or does not destage any more: the next start goes on.
                }
                catch (Exception e) when (e is ObjectStoreException or IOException or InvalidOperationException)
                {
                    if (failures == 0)
                        VolumesLog.EraseUnfinished(_engine.Logger, erase.Volume, e.Message);
                    await Task.Delay(BetweenTries, _engine.Time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                }
            }
        }
    }

    private async Task FinishEraseAsync(UnfinishedErase erase, StrongBox<double> done, CancellationToken cancellation)
    {
        await UntilGoneAsync(erase, cancellation);
        Volatile.Write(ref done.Value, 0.4);
        await _store.ForgetKeysAsync(IsGone, cancellation);
        Volatile.Write(ref done.Value, 0.5);
        await _engine.Log.EraseGivenBackAsync(() => _destager.DestageAsync(checkpoint: false), cancellation);
        Volatile.Write(ref done.Value, 0.9);
        await _files.Cache.EraseAsync(erase.Uuid);
        _erases.Forget(erase);
        VolumesLog.Erased(_engine.Logger, erase.Volume);
    }

    private async ValueTask<UnfinishedErase> LeaveForNewLineAsync(Volume volume)
    {
        _volumes.CheckOwn(volume);
        if (await FindEraseObstacleAsync(volume) is { } obstacle)
            throw new InvalidOperationException(obstacle);
        UnfinishedErase begun = new(volume.Line.Number, volume.Line.Record.Uuid, volume.Name);
        _erases.Write(begun);
        OpenLine before = await MoveToNewLineAsync(volume, "erased", () => _files.Metadata.BeginAnew(volume.Record));
        _catalog.SetCurrent(before.Number, false);
        before.Leave(keepOlder: false);
        _keeper.Wake();
        return begun;
    }

    /// <summary>Complete = the engine knows no segment of a line that was left, nor does the store's catalog: so nobody needs its key.</summary>
    private async ValueTask UntilGoneAsync(UnfinishedErase erase, CancellationToken cancellation)
    {
        for (int looks = 1; ; looks++)
        {
            await DestageAsync(checkpoint: true);
            if (_catalog.Find(erase.Line) is null && _files.Maps.Segments.Owners.All(owner => owner.Number != erase.Line || _files.Maps.Segments.VolumeStoredBytes(owner.Number) == 0))
                return;
            if (_keeper.GaveUp(erase.Line))
                throw new IOException($"The map of line {erase.Line}, which volume '{erase.Volume}' was on, is damaged: what it names cannot be given back. Run `lunaria fsck --repair`, then erase the volume again.");
            if (_catalog.Find(erase.Line) is null && await _publisher.WhileMapRestsAsync(_ => IsStillNamed(erase.Line)))
                throw new InvalidOperationException($"Volume '{erase.Volume}' is empty, but a copy by reference of its former data was made meanwhile. Delete or overwrite the copy, then erase the volume again.");
            // Each look moves it on, unless the store does not take its catalog.
            if (looks > LooksInARow)
                await Task.Delay(BetweenLooks, _engine.Time, cancellation);
        }
    }

    /// <summary>True for the segments of a line that no volume is on, that nobody looks at and that has no segments.</summary>
    private bool IsGone(string prefix) =>
        _catalog.Lines.All(line => SegmentKey.VolumePrefix(line.Uuid) != prefix)
        && _files.Maps.Segments.Owners.All(owner => SegmentKey.VolumePrefix(owner.Uuid) != prefix || _files.Maps.Segments.VolumeStoredBytes(owner.Number) == 0);

    private bool IsStillNamed(uint line) => _files.Maps.Segments.Rows.Any(entry => entry.Row.Volume == line && (entry.Row.References > 0 || _engine.Pins.Contains(entry.Id)));

    /// <summary>True where rows of a line may name segments of another, or the other way round: such rows come about within a family, and by copies by reference.</summary>
    private bool SharesSegments(MapStore maps, uint line)
    {
        uint family = maps.Segments.FamilyOf(line);
        return _catalog.Lines.Any(other => other.Family == family && other.Number != line)
            || maps.Segments.Rows.Any(entry => entry.Row.Volume != line && maps.Segments.FamilyOf(entry.Row.Volume) == family)
            || maps.Database.HasForeignShares(line);
    }
}

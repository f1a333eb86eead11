using System.Runtime.CompilerServices;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes;

/// <content>Erasing a volume by throwing away its key.</content>
public sealed partial class VolumeManager
{
    private const int LooksInARow = 8;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

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
    /// volume is as it was, or empty; then what was not thrown away yet goes with the next erase, of whatever volume.
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
        OpenLine before = await ChangeAsync(() => LeaveForNewLineAsync(volume));
        await UntilGoneAsync(before);
        Volatile.Write(ref done.Value, 0.4);
        await _store.ForgetKeysAsync(IsGone, CancellationToken.None);
        Volatile.Write(ref done.Value, 0.5);
        await _engine.Log.EraseGivenBackAsync(() => _destager.DestageAsync(checkpoint: false), CancellationToken.None);
        Volatile.Write(ref done.Value, 0.9);
        await _files.Cache.EraseAsync(before.Record.Uuid);
        VolumesLog.Erased(_engine.Logger, volume.Name);
    }

    private async ValueTask<OpenLine> LeaveForNewLineAsync(Volume volume)
    {
        CheckOwn(volume);
        if (await FindEraseObstacleAsync(volume) is { } obstacle)
            throw new InvalidOperationException(obstacle);
        OpenLine before = await MoveToNewLineAsync(volume, "erased", () => _files.Metadata.BeginAnew(volume.Record));
        _catalog.SetCurrent(before.Number, false);
        before.Leave(keepOlder: false);
        _keeper.Wake();
        return before;
    }

    /// <summary>Complete = the engine knows no segment of a line that was left, nor does the store's catalog: so nobody needs its key.</summary>
    private async ValueTask UntilGoneAsync(OpenLine line)
    {
        for (int looks = 1; ; looks++)
        {
            await DestageAsync(checkpoint: true);
            if (_catalog.Find(line.Number) is null && _files.Maps.Segments.VolumeStoredBytes(line.Number) == 0)
                return;
            if (_keeper.GaveUp(line.Number))
                throw new IOException($"The map of line {line.Number}, which volume '{line.Name}' was on, is damaged: what it names cannot be given back. Run `lunaria fsck --repair`, then erase the volume again.");
            if (_catalog.Find(line.Number) is null && await _publisher.WhileMapRestsAsync(_ => IsStillNamed(line.Number)))
                throw new InvalidOperationException($"Volume '{line.Name}' is empty, but a copy by reference of its former data was made meanwhile. Delete or overwrite the copy, then erase the volume again.");
            // Each look moves it on, unless the store does not take its catalog.
            if (looks > LooksInARow)
                await Task.Delay(BetweenLooks, _engine.Time);
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

using System.Collections.Concurrent;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Lines;

/// <summary>
/// Gives back what was deleted: closes lines that volumes have left, prunes generations nobody looks at, forgets lines without any. What is to be done stands in
/// lunaria.db until it is done, and doing it again changes nothing. Its work runs in the destager's loop, which alone changes the map; it is asked for by any thread.
/// </summary>
internal sealed class LineKeeper(VolumeRegistry volumes, LineCatalog catalog, MetadataDatabase metadata, MapStore maps, Publisher publisher, PublishedPoints points, CatalogSaver saver, Signal bell, ILogger logger)
{
    private const int GroupsAtOnce = 32;
    private readonly Requests<uint> _flattens = new(bell);

    // Until the next start: what cannot be read now will not be readable later.
    private readonly ConcurrentDictionary<PruneRecord, bool> _damaged = [];
    private volatile bool _woken = true;
    private volatile bool _waits;

    /// <summary>True where <see cref="RunAsync"/> should be called.</summary>
    public bool HasWork => _woken || _flattens.Any;

    /// <summary>Something was deleted, or left.</summary>
    public void Wake()
    {
        _woken = true;
        bell.Set();
    }

    /// <summary>True where a line cannot be given back in this life, since its map is damaged. Any thread.</summary>
    public bool GaveUp(uint line) => _damaged.Keys.Any(prune => prune.Line == line);

    /// <summary>A publish may have been what some work waits for.</summary>
    public void Published()
    {
        if (_waits)
            _woken = true;
    }

    /// <summary>Does what can be done now; what must wait for a publish stays.</summary>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        bool again = true, didAny = false;
        while (again)
        {
            (_woken, _waits, again) = (false, false, false);
            await CloseLeftLinesAsync();
            await FlattenWhatIsAskedForAsync(cancellation);
            foreach (PruneRecord prune in metadata.ReadPrunes())
            {
                if (catalog.IsView(prune.Line, prune.Generation))
                    continue; // Until the last view of it goes, which is asked for anew.
                if (IsTooEarly(prune))
                {
                    _waits = true;
                    continue;
                }
                if (_damaged.ContainsKey(prune))
                    continue;
                try
                {
                    await PruneAsync(prune, cancellation);
                }
                catch (MapDamageException e)
                {
                    _damaged[prune] = true;
                    VolumesLog.PruneMetDamage(logger, prune.Line, e);
                }
                (again, didAny) = (true, true);
            }
        }
        if (didAny && publisher.HasDeadSegments)
            await publisher.CheckpointAsync(cancellation);
    }

    /// <summary>Complete = a line needs its parent no longer.</summary>
    public Task FlattenAsync(uint line) => _flattens.AskAsync(line);

    /// <summary>The destager has ended: nobody's work is done any more.</summary>
    public void Stop(Exception end) => _flattens.End(end);

    private async ValueTask FlattenWhatIsAskedForAsync(CancellationToken cancellation)
    {
        foreach (Requests<uint>.Request asked in _flattens.TakeAll())
        {
            try
            {
                await FlattenAsync(asked.What, cancellation);
                asked.Answer(null);
            }
            catch (Exception e) when (e is MapDamageException or ObjectStoreException or InvalidDataException or IOException && !cancellation.IsCancellationRequested)
            {
                asked.Answer(e);
            }
        }
    }

    private async ValueTask FlattenAsync(uint number, CancellationToken cancellation)
    {
        if (catalog.Find(number) is not { Parent: not 0 } record || maps.Lines[number] is not { Live: { } live } line)
            return;
        uint target = Math.Min(catalog.OldestView(number) ?? uint.MaxValue, live.Generation);
        foreach (int[] groups in (await publisher.WhileMapRestsAsync(all => all.GroupsOfParent(line))).Chunk(GroupsAtOnce))
            await publisher.CheckpointAsync(cancellation, maps.MakeFlattener(line, target, groups));
        // A map that is rebuilt has what the store's catalog has: it must not lack rows that the line cannot get from its parent any more.
        await points.AtAnyMomentAsync(() => saver.SaveAsync().WaitAsync(cancellation));
        metadata.DetachLine(record);
        catalog.Detach(number);
        line.Detach();
    }

    private async ValueTask CloseLeftLinesAsync()
    {
        foreach (OpenLine line in volumes.Lines)
            if (line.IsLeft && line.Index.CountOlder > 0)
                _waits = true;
            else if (line.IsLeft)
            {
                volumes.Remove(line);
                volumes.RemoveUnsettled(line.Index);
                await publisher.CheckpointAsync(CancellationToken.None);
                await publisher.WhileMapRestsAsync(all =>
                {
                    all.CloseVolume(line.Number);
                    return true;
                });
            }
    }

    private bool IsTooEarly(PruneRecord prune) =>
        volumes.Lines.Any(line => line.Number == prune.Line && !line.Index.IsSettled) || maps.Lines.TryGetValue(prune.Line, out MapLine? line) && line.Live is { } live && prune.Generation >= live.Generation;

    private async ValueTask PruneAsync(PruneRecord prune, CancellationToken cancellation)
    {
        if (catalog.Find(prune.Line) is not { } record || !maps.Lines.TryGetValue(prune.Line, out MapLine? line))
        {
            metadata.EndPrune(prune);
            return;
        }
        (uint? older, uint? newer) = catalog.Around(prune.Line, prune.Generation);
        // What an open map has not been told of yet, it shows as its own generation.
        if (line.Live is { } live)
            newer = Math.Min(newer ?? uint.MaxValue, live.Generation);
        MapPruner pruner;
        do
        {
            pruner = new(line, older ?? -1L, newer, maps.Segments);
            await publisher.CheckpointAsync(cancellation, pruner);
        }
        while (!pruner.IsDone);
        metadata.EndPrune(prune);
        // Where somebody looked at the line when this began, what was shown is another prune's work.
        if (older != null || newer != null || !catalog.IsUnused(prune.Line) || line.Live != null)
            return;
        metadata.RemoveLine(record);
        catalog.Remove(prune.Line);
        maps.RemoveLine(prune.Line);
    }
}

using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Lines;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Reclaim;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// Brings an engine to life: the newest checkpoint of the map, the publishes since, then the records of the log since the last publish. Used once per life,
/// on one thread.
/// </summary>
internal static class EngineOpener
{
    internal const string JournalDirectory = "journal";
    private const long SegmentDirectoryBytes = 64L << 20;

    /// <inheritdoc cref="VolumeManager.OpenAsync"/>
    public static async ValueTask<VolumeManager> OpenAsync(
        IDisk data, string sqliteDirectory, IObjectStore store, VolumesOptions options, TimeProvider time, ILogger logger, StoreOwnership? ownership)
    {
        long startTime = time.GetTimestamp();
        await new CatalogRecovery(data, sqliteDirectory, store, time, logger).RunAsync(CancellationToken.None);
        EngineFiles files = new(MetadataDatabase.Open(Path.Combine(sqliteDirectory, "lunaria.db"), time));
        try
        {
            Signal bell = new(time);
            CutMarks marks = new((ulong)options.CutBytes / CutMarks.PerCut, bell);
            files.Maps = MapStore.Open(Path.Combine(sqliteDirectory, "map.db"), options.MapMemoryBytes, time);
            VolumeRegistry volumes = new();
            files.Maps.Faulted = new LineQuarantine(volumes, files.Maps, sqliteDirectory, time, logger).Enter;
            LineCatalog catalog = new();
            foreach (LineRecord line in files.Metadata.ReadLines())
            {
                catalog.Add(line);
                files.Maps.AddLine(line);
            }
            Dictionary<uint, VolumeIndex> indexes = catalog.Lines.Where(line => files.Maps.HasLine(line.Number))
                .ToDictionary(line => line.Number, line => VolumeIndex.Open(files.Maps, line));
            void Open(uint number)
            {
                if (catalog.Find(number) is { } line && !indexes.ContainsKey(number))
                    indexes.Add(number, VolumeIndex.Open(files.Maps, line));
            }

            RebuildNotice? rebuilt = RebuildNotice.Read(files.Metadata);
            PublishReplay publishes = new(files.Maps, Open, rebuilt is null ? null : number => catalog.Find(number) is not null);
            files.Journal = await MapJournal.OpenAsync(
                data, JournalDirectory, files.Metadata.PoolId, Math.Min(files.Maps.Checkpoint.JournalSequence, files.Maps.NeededSequence), publishes.VisitAsync);
            await CatalogRecovery.CheckNotOlderAsync(store, files.Metadata.PoolId, files.Journal.NextSequence);
            foreach ((uint number, VolumeIndex index) in indexes)
                index.Advance(Math.Max(index.Map.Generation, publishes.MissedGenerations.GetValueOrDefault(number)), 0);
            foreach (LineRecord line in catalog.Lines.Where(line => !indexes.ContainsKey(line.Number)))
            {
                // What it begins as may still be in the log.
                VolumeIndex index = VolumeIndex.Open(files.Maps, line, indexes.GetValueOrDefault(line.Parent));
                indexes.Add(line.Number, index);
                if (!index.IsSettled)
                    volumes.AddUnsettled(index);
            }
            SegmentPins pins = new(files.Maps.Segments);
            files.Log = await WriteLog.OpenAsync(
                data, options.Log, publishes.Published, new OverlayReplay(indexes, marks, files.Maps.Segments, pins).Visit, logger, CancellationToken.None);

            files.Cache = new(options.Cache, sqliteDirectory, files.Metadata.PoolId, files.Maps.Segments, files.Metadata, logger);
            SegmentStore segments = new(store, files.Maps.Segments, SegmentDirectoryBytes, files.Cache);
            EngineParts engine = new(files.Log, segments, pins, marks, new(time), new(), new(options.SpaceWait, time), options, time, logger);
            EndWhereLinesBegin(files.Maps, catalog, indexes, volumes);
            RestoreSnapshots(files.Metadata, catalog, indexes);
            RestoreVolumes(files, catalog, indexes, volumes, engine);
            if (rebuilt is not null)
                await TakeNoteAsync(rebuilt, files, catalog, volumes, publishes.Published);
            files.Catalog = new(store, files.Metadata, files.Maps, files.Journal, time, logger);
            Publisher publisher = new(files.Maps, files.Journal, segments, pins, store, files.Catalog, engine.Health, options, time, logger, publishes.Published);
            LineRecovery recovery = new(publisher, files.Metadata, bell);
            PublishedPoints points = new(volumes, engine, publisher, bell);
            LineKeeper keeper = new(volumes, catalog, files.Metadata, files.Maps, publisher, points, files.Catalog, bell, logger);
            SegmentCollector collector = new(
                files.Metadata.PoolId, SegmentBytes(options, store), files.Maps, segments, new(store, engine.Health, time, logger), publisher, points, engine, bell);
            Destager destager = MakeDestager(files, store, engine, volumes, keeper, collector, recovery, publisher, points, bell);
            await files.Cache.OpenDevicesAsync(segments);
            foreach (LineRecord line in catalog.Lines.Where(line => files.Maps.Segments.NextSequence(line.Number) == SegmentTable.FirstSequence))
                store.BeginPrefix(SegmentKey.VolumePrefix(line.Uuid));
            if (ownership is not null)
                await FenceAsync(ownership, files.Maps.Segments, catalog.Lines, store, options);
            files.Catalog.Start(points, bell.Set);
            destager.Start();
            VolumesLog.Opened(
                logger, volumes.All.Count, publishes.Count, files.Log.UsedBytes, (long)time.GetElapsedTime(startTime).TotalMilliseconds);
            return new(files, engine, volumes, catalog, keeper, collector, recovery, publisher, destager, store) { Rebuilt = rebuilt?.Text };
        }
        catch
        {
            await files.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A file was rebuilt, so it may show what lunaria.db has no work for: rows of generations that nobody looks at. All that is written down as work, and the map made to be of one piece
    /// with lunaria.db, before the notice goes.
    /// </summary>
    private static async ValueTask TakeNoteAsync(RebuildNotice rebuilt, EngineFiles files, LineCatalog catalog, VolumeRegistry volumes, LogPosition published)
    {
        foreach (LineRecord line in catalog.Lines)
        {
            long older = -1;
            foreach (uint view in catalog.ViewsOf(line.Number))
            {
                if (view > older + 1)
                    files.Metadata.AddPrune(line.Number, view - 1);
                older = view;
            }
            // What is behind the last view is the volume's, or nobody's.
            OpenLine? open = volumes.Lines.FirstOrDefault(open => open.Number == line.Number && !open.IsLeft);
            if (open is null)
                files.Metadata.AddPrune(line.Number, uint.MaxValue);
            else if (open.Index.Generation > older + 1)
                files.Metadata.AddPrune(line.Number, open.Index.Generation - 1);
        }
        MapCheckpoint now = new(files.Journal.NextSequence, published);
        if (rebuilt.SkipsSequences)
            await files.Maps.CheckpointAsync(now, new SequenceSkip(files.Maps.Segments));
        else
            await files.Maps.CheckpointAsync(now);
        files.Metadata.WriteSetting(RebuildNotice.Setting, null);
    }

    /// <summary>No name of an earlier owner is given again.</summary>
    private static async ValueTask FenceAsync(
        StoreOwnership ownership, SegmentTable table, IReadOnlyList<LineRecord> lines, IObjectStore store, VolumesOptions options)
    {
        // Twice what a cut can have in flight.
        int window = (int)(2 * options.CutBytes / SegmentBytes(options, store)) + 8;
        table.RaiseNextSequences(await ownership.FenceAsync(
            [.. lines.Select(line => (line.Uuid, table.NextSequence(line.Number)))], window, CancellationToken.None));
    }

    private static int SegmentBytes(VolumesOptions options, IObjectStore store) =>
        Math.Min(options.SegmentBytes > 0 ? options.SegmentBytes : store.Capabilities.PreferredSegmentBytes, store.Capabilities.MaxObjectBytes);

    /// <summary>
    /// A line begins at the end of a generation whose marker is durable before it. Where the log was lost all the same, that generation ends with what there is of it, so that what
    /// is written from now on never shows in the line.
    /// </summary>
    private static void EndWhereLinesBegin(MapStore maps, LineCatalog catalog, Dictionary<uint, VolumeIndex> indexes, VolumeRegistry volumes)
    {
        foreach (LineRecord line in catalog.Lines.Where(line => line.Parent != 0 && indexes[line.Parent].Generation <= line.ParentGeneration))
            indexes[line.Parent].Advance(line.ParentGeneration + 1, 0);
        foreach (VolumeIndex index in volumes.Unsettled)
            if (index.TrySettle(maps))
                volumes.RemoveUnsettled(index);
    }

    /// <summary>A snapshot whose marker is neither published nor in the log never came to be: its generation goes on.</summary>
    private static void RestoreSnapshots(MetadataDatabase metadata, LineCatalog catalog, Dictionary<uint, VolumeIndex> indexes)
    {
        IReadOnlyList<SnapshotRecord> snapshots = metadata.ReadSnapshots();
        metadata.RemoveSnapshots(snapshots.Where(snapshot => snapshot.Generation >= indexes[snapshot.Line].Generation), prune: false);
        foreach (SnapshotRecord snapshot in snapshots)
            if (snapshot.Generation < indexes[snapshot.Line].Generation)
                catalog.Add(snapshot);
    }

    /// <summary>Puts volumes onto their lines; the others stay open until their older generations are published.</summary>
    private static void RestoreVolumes(
        EngineFiles files, LineCatalog catalog, Dictionary<uint, VolumeIndex> indexes, VolumeRegistry volumes, EngineParts engine)
    {
        IReadOnlyDictionary<Guid, VolumeLimits> limits = files.Metadata.ReadLimits();
        foreach (VolumeRecord record in files.Metadata.ReadVolumes())
        {
            OpenLine line = new(catalog.Find(record.Number)!, record.Name, indexes[record.Number], engine);
            indexes.Remove(record.Number);
            catalog.SetCurrent(record.Number, true);
            if (record.IsTemplate || record.State != VolumeRecordState.Active)
                line.Writer.Close();
            volumes.Add(line);
            Volume volume = new(record, line, engine);
            volume.SetLimits(limits.GetValueOrDefault(record.Uuid, VolumeLimits.None));
            if (files.Maps.Lines[record.Number].Fault is { } fault && record.State == VolumeRecordState.Active)
                volume.Refuse(LineQuarantine.HealthOf(record.Name, fault));
            volumes.Add(volume);
        }
        foreach ((uint number, VolumeIndex index) in indexes)
        {
            OpenLine line = new(catalog.Find(number)!, $"line {number}", index, engine);
            line.Leave(keepOlder: !catalog.IsUnused(number));
            volumes.Add(line);
        }
    }

    private static Destager MakeDestager(
        EngineFiles files, IObjectStore store, EngineParts engine, VolumeRegistry volumes, LineKeeper keeper, SegmentCollector collector,
        LineRecovery recovery, Publisher publisher, PublishedPoints points, Signal bell)
    {
        VolumesOptions options = engine.Options;
        SegmentTable table = files.Maps.Segments;
        CutShipper shipper = new(
            files.Metadata.PoolId, SegmentBytes(options, store), options.ConcurrentPuts, table, new(engine.Log, engine.Logger), new(store, engine.Health, engine.Time, engine.Logger), engine.Segments.Cache);
        return new(volumes, keeper, collector, recovery, engine, publisher, shipper, new(store, table, engine), points, bell);
    }
}

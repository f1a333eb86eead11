using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// Brings an engine to life: the newest checkpoint of the map, the publishes since, then the records of the log since the last publish. Used once per life,
/// on one thread.
/// </summary>
internal static class EngineOpener
{
    private const string JournalDirectory = "journal";
    private const long SegmentDirectoryBytes = 64L << 20;

    /// <inheritdoc cref="VolumeManager.OpenAsync"/>
    public static async ValueTask<VolumeManager> OpenAsync(
        IDisk data, string sqliteDirectory, IObjectStore store, VolumesOptions options, TimeProvider time, ILogger logger, StoreOwnership? ownership)
    {
        long startTime = time.GetTimestamp();
        EngineFiles files = new(MetadataDatabase.Open(Path.Combine(sqliteDirectory, "lunaria.db"), time));
        try
        {
            Signal bell = new(time);
            CutMarks marks = new((ulong)options.CutBytes / CutMarks.PerCut, bell);
            files.Maps = MapStore.Open(Path.Combine(sqliteDirectory, "map.db"), options.MapMemoryBytes);
            IReadOnlyList<VolumeRecord> records = files.Metadata.ReadVolumes();
            Dictionary<uint, VolumeIndex> indexes = records.ToDictionary(record => record.Number, record => VolumeIndex.Open(files.Maps, record));

            PublishReplay publishes = new(files.Maps);
            files.Journal = await MapJournal.OpenAsync(
                data, JournalDirectory, files.Metadata.PoolId, files.Maps.Checkpoint.JournalSequence, publishes.VisitAsync);
            files.Log = await WriteLog.OpenAsync(
                data, options.Log, publishes.Published, new OverlayReplay(indexes, marks).Visit, logger, CancellationToken.None);

            SegmentStore segments = new(store, files.Maps.Segments, SegmentDirectoryBytes);
            EngineParts engine = new(files.Log, segments, marks, new(time), new(), options, time, logger);
            VolumeRegistry volumes = new();
            foreach (VolumeRecord record in records)
                volumes.Add(new(record, indexes[record.Number], engine));
            Publisher publisher = new(files.Maps, files.Journal, segments, store, engine.Health, options, time, logger, publishes.Published);
            Destager destager = MakeDestager(files, store, engine, volumes, publisher, bell);
            if (ownership is not null)
                await FenceAsync(ownership, files.Maps.Segments, records, store, options);
            destager.Start();
            VolumesLog.Opened(
                logger, records.Count, publishes.Count, files.Log.UsedBytes, (long)time.GetElapsedTime(startTime).TotalMilliseconds);
            return new(files, engine, volumes, publisher, destager);
        }
        catch
        {
            await files.DisposeAsync();
            throw;
        }
    }

    /// <summary>No name of an earlier owner is given again.</summary>
    private static async ValueTask FenceAsync(
        StoreOwnership ownership, SegmentTable table, IReadOnlyList<VolumeRecord> records, IObjectStore store, VolumesOptions options)
    {
        // Twice what a cut can have in flight.
        int window = (int)(2 * options.CutBytes / SegmentBytes(options, store)) + 8;
        table.RaiseNextSequences(await ownership.FenceAsync(
            [.. records.Select(record => (record.Uuid, table.NextSequence(record.Number)))], window, CancellationToken.None));
    }

    private static int SegmentBytes(VolumesOptions options, IObjectStore store) =>
        Math.Min(options.SegmentBytes > 0 ? options.SegmentBytes : store.Capabilities.PreferredSegmentBytes, store.Capabilities.MaxObjectBytes);

    private static Destager MakeDestager(
        EngineFiles files, IObjectStore store, EngineParts engine, VolumeRegistry volumes, Publisher publisher, Signal bell)
    {
        VolumesOptions options = engine.Options;
        SegmentTable table = files.Maps.Segments;
        CutShipper shipper = new(
            files.Metadata.PoolId, SegmentBytes(options, store), options.ConcurrentPuts, table, new(engine.Log, engine.Logger), new(store, engine.Health, engine.Time, engine.Logger));
        return new(volumes, engine, publisher, shipper, new(store, table, engine), bell);
    }
}

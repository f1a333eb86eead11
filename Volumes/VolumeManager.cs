using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Lines;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Reclaim;
using Lunaria.Volumes.Recovery;
using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Transfer;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes;

/// <summary>
/// The engine: one write log, one object store, all volumes on them. Owned by the process that opened it; thread-safe.
/// Disk and store belong to the caller and outlive it.
/// </summary>
public sealed partial class VolumeManager : IAsyncDisposable
{
    private readonly EngineFiles _files;
    private readonly EngineParts _engine;
    private readonly VolumeRegistry _volumes;
    private readonly Publisher _publisher;
    private readonly Destager _destager;
    private readonly LineCatalog _catalog;
    private readonly LineKeeper _keeper;
    private readonly SegmentCollector _collector;
    private readonly LineRecovery _recovery;
    private readonly IObjectStore _store;
    private readonly ChangeGate _changes = new();
    private readonly LineViews _views;
    private readonly ImportNotes _imports;
    private readonly EraseNotes _erases;

    internal VolumeManager(
        EngineFiles files, EngineParts engine, VolumeRegistry volumes, LineCatalog catalog, LineKeeper keeper, SegmentCollector collector,
        LineRecovery recovery, Publisher publisher, Destager destager, IObjectStore store)
    {
        (_files, _engine, _volumes, _catalog, _keeper, _collector, _recovery, _publisher, _destager, _store) = (files, engine, volumes, catalog, keeper, collector, recovery, publisher, destager, store);
        _views = new(catalog, volumes, files.Metadata, files.Maps, keeper, destager);
        _imports = new(files.Metadata);
        _erases = new(files.Metadata);
        Checks = new(files, engine, store, _changes, publisher, destager);
        Comparison = new(_changes, _views, catalog, volumes, publisher, files.Maps.Segments);
        Transfers = new(this, _imports);
        RestoreCollectionRate();
        Checks.Start();
        BeginFinishingErases();
    }

    /// <summary>
    /// Opens or creates the engine's files on <paramref name="data"/> (log, journal) and in <paramref name="sqliteDirectory"/>
    /// (lunaria.db, map.db), replays what a crash left, and starts destaging.
    /// IOException, InvalidDataException or ObjectStoreException with thing, cause and remedy where that cannot be done.
    /// A shared store comes with its <paramref name="ownership"/>, whose <see cref="StoreOwnership.Store"/> it is.
    /// </summary>
    public static ValueTask<VolumeManager> OpenAsync(
        IDisk data, string sqliteDirectory, IObjectStore store, VolumesOptions options, TimeProvider time, ILoggerFactory loggers, StoreOwnership? ownership = null) =>
        EngineOpener.OpenAsync(data, sqliteDirectory, store, options, time, loggers.CreateLogger<VolumeManager>(), ownership);

    /// <summary>All volumes, in the order of their creation.</summary>
    public IReadOnlyList<Volume> Volumes => _volumes.All;

    /// <summary>What only lunaria.db knows: targets, LUNs and the like. Changes of volumes go through this class.</summary>
    public MetadataDatabase Metadata => _files.Metadata;

    /// <summary>The read cache.</summary>
    public ReadCache Cache => _files.Cache;

    /// <summary>Checks of what is stored.</summary>
    public EngineChecks Checks { get; }

    /// <summary>Space of volumes and snapshots, and what differs between them.</summary>
    public VolumeComparison Comparison { get; }

    /// <summary>Exports and imports.</summary>
    public VolumeTransfers Transfers { get; }

    /// <summary>Memory for leaves of all maps in use now, in bytes; for tests.</summary>
    internal long MapMemoryBytes => _files.Maps.MemoryBytes;

    /// <summary>Where the next record of the log goes; for tests.</summary>
    internal ulong LogNextLsn => _engine.Log.NextLsn;

    /// <summary>The volume of that name, or null.</summary>
    public Volume? Find(string name) => _volumes.Find(name);

    /// <summary>
    /// Creates a volume, durably; the existing one where name and size are equal. ArgumentException for a bad name or size (a multiple of
    /// 4096, at most 64 TiB), InvalidOperationException where the name exists with another size.
    /// </summary>
    public async ValueTask<Volume> CreateVolumeAsync(string name, long sizeBytes)
    {
        CheckName("volume", name);
        CheckSize(name, sizeBytes);
        return await _changes.RunAsync(async () =>
        {
            if (Find(name) is { } existing)
                return existing.SizeBytes == sizeBytes
                    ? existing
                    : throw new InvalidOperationException($"Volume '{name}' exists with {existing.SizeBytes} bytes, not {sizeBytes}.");
            return await OpenNewAsync(_files.Metadata.CreateVolume(Guid.NewGuid(), name, sizeBytes));
        });
    }

    /// <summary>
    /// Deletes a volume, durably, and with <paramref name="withSnapshots"/> its snapshots; clones of them keep what they need. Its space comes back in the background.
    /// InvalidOperationException, with what stands in the way, for a template and for snapshots that were not given up or are sticky.
    /// </summary>
    public ValueTask DeleteVolumeAsync(Volume volume, bool withSnapshots = false) => _changes.RunAsync(async () =>
    {
        _volumes.CheckOwn(volume);
        IReadOnlyList<SnapshotRecord> snapshots = _catalog.SnapshotsOf(volume.Uuid);
        if (volume.IsTemplate)
            throw new InvalidOperationException($"Volume '{volume.Name}' is a template. Make it an ordinary volume first.");
        if (snapshots.Count > 0 && !withSnapshots)
            throw new InvalidOperationException($"Volume '{volume.Name}' has {snapshots.Count} snapshots ({Names(snapshots)}). Delete them with it, or before it.");
        if (snapshots.Where(snapshot => snapshot.Sticky).ToList() is { Count: > 0 } sticky)
            throw new InvalidOperationException($"Volume '{volume.Name}' has snapshots that are kept ({Names(sticky)}). Let go of them first.");
        OpenLine line = volume.Line;
        _files.Metadata.RemoveVolume(volume.Uuid, line.Number);
        _imports.Forget(volume);
        volume.Refuse(new(HealthState.Closed, $"Volume '{volume.Name}' was deleted."));
        _volumes.Remove(volume);
        foreach (SnapshotRecord snapshot in snapshots)
            _catalog.Remove(snapshot);
        _catalog.SetCurrent(line.Number, false);
        // A clone may begin at what the log still holds.
        line.Leave(keepOlder: !_catalog.IsUnused(line.Number));
        _files.Cache.Forget(volume.Uuid);
        _keeper.Wake();
        await ValueTask.CompletedTask;
    });

    /// <summary>Gives a volume another name, durably. InvalidOperationException where it is taken.</summary>
    public ValueTask RenameVolumeAsync(Volume volume, string name) => _changes.RunAsync(() =>
    {
        _volumes.CheckOwn(volume);
        CheckName("volume", name);
        if (volume.Name != name)
        {
            _files.Metadata.RenameVolume(volume.Uuid, name);
            volume.Change(volume.Record with { Name = name });
        }
        return ValueTask.CompletedTask;
    });

    /// <summary>
    /// Changes a volume's size, durably; it may be in use while it grows. It shrinks only with <paramref name="discardTail"/>, and while nobody uses it. InvalidOperationException
    /// for a template, and for less without <paramref name="discardTail"/>.
    /// </summary>
    public ValueTask ResizeVolumeAsync(Volume volume, long sizeBytes, bool discardTail = false)
    {
        CheckSize(volume.Name, sizeBytes);
        return _changes.RunAsync(async () =>
        {
            _volumes.CheckOwn(volume);
            long before = volume.SizeBytes;
            if (volume.IsTemplate)
                throw new InvalidOperationException($"Volume '{volume.Name}' is a template. Make it an ordinary volume first.");
            if (sizeBytes < before && !discardTail)
                throw new InvalidOperationException(
                    $"Volume '{volume.Name}' has {before} bytes; with {sizeBytes} its tail would be lost. Say that it is to be discarded (--discard-tail).");
            if (sizeBytes > before)
            {
                // What a shrinking that a crash cut short left behind the end must not come back.
                await DiscardAsync(volume, before, Math.Min(sizeBytes, volume.Line.Index.CapacityBytes));
                _files.Metadata.ResizeVolume(volume.Uuid, volume.Line.Number, sizeBytes);
                _catalog.Grow(volume.Line.Number, sizeBytes);
                volume.Line.Index.Grow(sizeBytes);
                volume.Change(volume.Record with { SizeBytes = sizeBytes });
            }
            else if (discardTail)
            {
                if (volume.Record.State != VolumeRecordState.Active)
                    throw new InvalidOperationException($"Volume '{volume.Name}' is closed, so its tail cannot be discarded. Open it.");
                _files.Metadata.ResizeVolume(volume.Uuid, volume.Line.Number, sizeBytes);
                volume.Change(volume.Record with { SizeBytes = sizeBytes });
                await DiscardAsync(volume, sizeBytes, volume.Line.Index.CapacityBytes);
            }
        });
    }

    /// <summary>Closes a volume, durably: its I/O is answered with <see cref="VolumeStatus.Unavailable"/> until it is opened again. What the log holds of it is destaged.</summary>
    public ValueTask CloseVolumeAsync(Volume volume) => _changes.RunAsync(() =>
    {
        _volumes.CheckOwn(volume);
        _files.Metadata.SetVolumeState(volume.Uuid, VolumeRecordState.Closed);
        volume.Refuse(new(HealthState.Closed, $"Volume '{volume.Name}' was closed by the operator. Open it."));
        volume.Line.Writer.Close();
        volume.Change(volume.Record with { State = VolumeRecordState.Closed });
        return ValueTask.CompletedTask;
    });

    /// <summary>Opens a volume that was closed. InvalidOperationException for one in quarantine, which is recovered.</summary>
    public ValueTask OpenVolumeAsync(Volume volume) => _changes.RunAsync(() =>
    {
        _volumes.CheckOwn(volume);
        _views.CheckNotInQuarantine(volume.Line.Number, volume.Name);
        _files.Metadata.SetVolumeState(volume.Uuid, VolumeRecordState.Active);
        volume.Change(volume.Record with { State = VolumeRecordState.Active });
        SetWritable(volume);
        volume.Refuse(null);
        return ValueTask.CompletedTask;
    });

    /// <summary>
    /// Brings a volume back from quarantine: puts its map right as far as what is whole proves what was there, applies what was written meanwhile, and lets I/O in. InvalidDataException,
    /// with what is left of the damage, where that cannot be done. A volume that is not in quarantine stays as it is.
    /// </summary>
    public ValueTask RecoverVolumeAsync(Volume volume, CancellationToken cancellation) => _changes.RunAsync(async () =>
    {
        _volumes.CheckOwn(volume);
        if (!_files.Maps.IsFaulted(volume.Line.Number))
            return;
        await _recovery.RecoverAsync(volume.Line.Number).WaitAsync(cancellation);
        if (volume.Record.State == VolumeRecordState.Active)
        {
            SetWritable(volume);
            volume.Refuse(null);
        }
    });

    /// <summary>Sets what a volume may do at most, durably; counts from its next operation on. ArgumentException for limits that make no sense.</summary>
    public ValueTask SetLimitsAsync(Volume volume, VolumeLimits limits)
    {
        if (limits.FindFault() is { } fault)
            throw new ArgumentException(fault, nameof(limits));
        return _changes.RunAsync(() =>
        {
            _volumes.CheckOwn(volume);
            _files.Metadata.WriteLimits(volume.Uuid, limits);
            volume.SetLimits(limits);
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>The engine now.</summary>
    public EngineStatistics GetStatistics() => new(
        _files.Maps.MappedBlocks << BlockGeometry.BlockShift,
        _files.Maps.Segments.StoredBytes,
        (long)_engine.Log.UsedBytes,
        (long)_engine.Log.CapacityBytes,
        _engine.Pacer.BytesPerSecond,
        _engine.Health.Current(_engine.Log));

    /// <summary>Waits for writes in progress, makes everything durable and closes; what the log holds is destaged after the next start.</summary>
    public ValueTask DisposeAsync() => CloseAsync(flush: true);

    /// <summary>
    /// Completes when everything written before the call is in segments, and with <paramref name="checkpoint"/> the map is in map.db, and segments that nothing names are gone, where the store
    /// takes its catalog.
    /// </summary>
    internal async Task DestageAsync(bool checkpoint = false)
    {
        await _destager.DestageAsync(checkpoint);
        if (!checkpoint || !_publisher.HasDoomed)
            return;
        try
        {
            await _files.Catalog.SaveAsync();
        }
        catch (ObjectStoreException)
        {
            return; // They stay until it does.
        }
        await _destager.DestageAsync(false);
    }

    /// <summary>Ends as the death of the process would: nothing more is made durable.</summary>
    internal ValueTask AbandonAsync() => CloseAsync(flush: false);

    private async ValueTask CloseAsync(bool flush)
    {
        if (!await _changes.CloseAsync())
            return;
        foreach (OpenLine line in _volumes.Lines)
            line.Writer.Close();
        await Checks.DisposeAsync();
        await _closing.CancelAsync();
        await _destager.StopAsync();
        await FinishingErases;
        if (flush && !_engine.Log.IsFenced)
            await _engine.Log.FlushAsync();
        await _files.Catalog.StopAsync(save: flush && !_engine.Log.IsFenced);
        VolumesLog.Closed(_engine.Logger, _engine.Log.UsedBytes);
        await _files.DisposeAsync();
        _destager.Dispose();
        _engine.Health.Dispose();
        _closing.Dispose();
    }

    private async ValueTask<Volume> OpenNewAsync(VolumeRecord record)
    {
        LineRecord lineRecord = _files.Metadata.ReadLines().First(line => line.Number == record.Number);
        OpenLine line = await OpenLineAsync(lineRecord, record.Name);
        Volume volume = new(record, line, _engine);
        _volumes.Add(volume);
        return volume;
    }

    private async ValueTask<OpenLine> OpenLineAsync(LineRecord record, string name)
    {
        _store.BeginPrefix(SegmentKey.VolumePrefix(record.Uuid));
        // Known as somebody who looks at its parent before anything of that can go.
        _catalog.Add(record);
        _catalog.SetCurrent(record.Number, true);
        return await _publisher.WhileMapRestsAsync(maps =>
        {
            maps.AddLine(record);
            VolumeIndex index = VolumeIndex.Open(maps, record, _volumes.FindLine(record.Parent)?.Index);
            if (!index.IsSettled)
                _volumes.AddUnsettled(index);
            OpenLine line = new(record, name, index, _engine);
            _volumes.Add(line);
            return line;
        });
    }

    private static async ValueTask DiscardAsync(Volume volume, long fromBytes, long toBytes)
    {
        if (fromBytes >= toBytes)
            return;
        VolumeStatus status = await volume.Line.WaitingWriter.UnmapAsync(fromBytes, toBytes - fromBytes);
        if (status == VolumeStatus.Ok)
            status = await volume.FlushAsync();
        if (status != VolumeStatus.Ok)
            throw new IOException($"The tail of volume '{volume.Name}' could not be discarded ({status}). Ask for the size again once the engine is well.");
    }

    private static void SetWritable(Volume volume)
    {
        if (volume.IsTemplate)
            volume.Line.Writer.Close();
        else
            volume.Line.Writer.Open();
    }

    private static void CheckName(string what, string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > 128 || name.Any(char.IsControl) || name.Trim() != name)
            throw new ArgumentException($"'{name}' is no name of a {what}: 1 to 128 characters, none of them control characters, no blanks around.", nameof(name));
    }

    private static void CheckSize(string name, long sizeBytes)
    {
        if (sizeBytes <= 0 || sizeBytes > BlockGeometry.MaxVolumeBytes || sizeBytes % BlockGeometry.BlockBytes != 0)
            throw new ArgumentException($"Volume '{name}' cannot have {sizeBytes} bytes: a multiple of 4096, at most 64 TiB.", nameof(sizeBytes));
    }

    private static string Names(IReadOnlyList<SnapshotRecord> snapshots) =>
        string.Join(", ", snapshots.Take(5).Select(snapshot => $"'{snapshot.Name}'")) + (snapshots.Count > 5 ? ", ..." : "");
}

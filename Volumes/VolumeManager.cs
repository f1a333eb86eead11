using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes;

/// <summary>
/// The engine: one write log, one object store, all volumes on them. Owned by the process that opened it; thread-safe.
/// Disk and store belong to the caller and outlive it.
/// </summary>
public sealed class VolumeManager : IAsyncDisposable
{
    private readonly EngineFiles _files;
    private readonly EngineParts _engine;
    private readonly VolumeRegistry _volumes;
    private readonly Publisher _publisher;
    private readonly Destager _destager;
    private readonly SemaphoreSlim _creating = new(1);
    private bool _disposed;

    internal VolumeManager(EngineFiles files, EngineParts engine, VolumeRegistry volumes, Publisher publisher, Destager destager) =>
        (_files, _engine, _volumes, _publisher, _destager) = (files, engine, volumes, publisher, destager);

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

    /// <summary>The volume of that name, or null.</summary>
    public Volume? Find(string name) => _volumes.Find(name);

    /// <summary>
    /// Creates a volume, durably; the existing one where name and size are equal. ArgumentException for a bad name or size (a multiple of
    /// 4096, at most 64 TiB), InvalidOperationException where the name exists with another size.
    /// </summary>
    public async ValueTask<Volume> CreateVolumeAsync(string name, long sizeBytes)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > 128 || name.Any(char.IsControl) || name.Trim() != name)
            throw new ArgumentException($"'{name}' is no name of a volume: 1 to 128 characters, none of them control characters, no blanks around.", nameof(name));
        if (sizeBytes <= 0 || sizeBytes > BlockGeometry.MaxVolumeBytes || sizeBytes % BlockGeometry.BlockBytes != 0)
            throw new ArgumentException($"Volume '{name}' cannot have {sizeBytes} bytes: a multiple of 4096, at most 64 TiB.", nameof(sizeBytes));
        await _creating.WaitAsync();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (Find(name) is { } existing)
                return existing.SizeBytes == sizeBytes
                    ? existing
                    : throw new InvalidOperationException($"Volume '{name}' exists with {existing.SizeBytes} bytes, not {sizeBytes}.");
            VolumeRecord record = _files.Metadata.CreateVolume(Guid.NewGuid(), name, sizeBytes);
            Volume volume = new(record, await _publisher.OpenIndexAsync(record), _engine);
            _volumes.Add(volume);
            return volume;
        }
        finally
        {
            _creating.Release();
        }
    }

    /// <summary>The engine now.</summary>
    public EngineStatistics GetStatistics() => new(
        _files.Maps.Segments.MappedBlocks << BlockGeometry.BlockShift,
        _files.Maps.Segments.StoredBytes,
        (long)_engine.Log.UsedBytes,
        (long)_engine.Log.CapacityBytes,
        _engine.Pacer.BytesPerSecond,
        _engine.Health.Current(_engine.Log));

    /// <summary>Waits for writes in progress, makes everything durable and closes; what the log holds is destaged after the next start.</summary>
    public ValueTask DisposeAsync() => CloseAsync(flush: true);

    /// <summary>Completes when everything written before the call is in segments, and with <paramref name="checkpoint"/> the map is in map.db.</summary>
    internal Task DestageAsync(bool checkpoint = false) => _destager.DestageAsync(checkpoint);

    /// <summary>Ends as the death of the process would: nothing more is made durable.</summary>
    internal ValueTask AbandonAsync() => CloseAsync(flush: false);

    private async ValueTask CloseAsync(bool flush)
    {
        await _creating.WaitAsync();
        bool again = _disposed;
        _disposed = true;
        _creating.Release();
        if (again)
            return;
        foreach (Volume volume in Volumes)
            volume.Writer.Close();
        await _destager.StopAsync();
        if (flush && !_engine.Log.IsFenced)
            await _engine.Log.FlushAsync();
        VolumesLog.Closed(_engine.Logger, _engine.Log.UsedBytes);
        await _files.DisposeAsync();
        _destager.Dispose();
        _publisher.Dispose();
        _engine.Health.Dispose();
    }
}

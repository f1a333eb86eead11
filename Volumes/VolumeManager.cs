using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes;

/// <summary>
/// The engine: one write log, one object store, all volumes on them. Owned by the process that opened it; thread-safe.
/// Disk and store belong to the caller and outlive it.
/// </summary>
public sealed class VolumeManager : IAsyncDisposable
{
    /// <summary>
    /// Opens or creates the engine's files on <paramref name="data"/> (log, journal) and in <paramref name="sqliteDirectory"/>
    /// (lunaria.db, map.db), replays what a crash left, and starts destaging.
    /// IOException, InvalidDataException or ObjectStoreException with thing, cause and remedy where that cannot be done.
    /// </summary>
    public static ValueTask<VolumeManager> OpenAsync(
        IDisk data, string sqliteDirectory, IObjectStore store, VolumesOptions options, TimeProvider time, ILoggerFactory loggers) =>
        throw new NotImplementedException();

    /// <summary>All volumes, in the order of their creation.</summary>
    public IReadOnlyList<Volume> Volumes => throw new NotImplementedException();

    /// <summary>The volume of that name, or null.</summary>
    public Volume? Find(string name) => throw new NotImplementedException();

    /// <summary>
    /// Creates a volume, durably; the existing one where name and size are equal. ArgumentException for a bad name or size (a multiple of
    /// 4096, at most 64 TiB), InvalidOperationException where the name exists with another size.
    /// </summary>
    public ValueTask<Volume> CreateVolumeAsync(string name, long sizeBytes) => throw new NotImplementedException();

    /// <summary>The engine now.</summary>
    public EngineStatistics GetStatistics() => throw new NotImplementedException();

    /// <summary>Waits for writes in progress, makes everything durable and closes; what the log holds is destaged after the next start.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

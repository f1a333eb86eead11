using Lunaria.Appliance.Settings;
using Lunaria.Backends.Pool;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>The directories of the pool's components, and the pool on them. Owned by <see cref="BackendStore"/>.</summary>
internal sealed class PoolFiles : IAsyncDisposable
{
    private readonly Dictionary<string, FileSystemDisk> _disks = new(StringComparer.Ordinal);

    /// <summary>The pool.</summary>
    public LocalPool Pool { get; private set; } = null!;

    /// <summary>
    /// Opens the pool; makes it only where <paramref name="isFirstStart"/> (metadata that names objects must never meet a new, empty pool).
    /// </summary>
    public static async Task<PoolFiles> OpenAsync(IReadOnlyList<PoolComponentSettings> components, bool isFirstStart, ILoggerFactory loggers)
    {
        if (!isFirstStart && components.FirstOrDefault(component => !File.Exists(component.Path)) is { } missing)
            throw new StartException($"the pool component {missing.Path} is missing. Mount its disk or restore the file; the volumes' data is in it");
        var files = new PoolFiles();
        try
        {
            var sources = components.Select(files.Source).ToArray();
            files.Pool = await LocalPool.OpenAsync(new LocalPoolOptions { Components = sources, MayCreate = isFirstStart }, loggers.CreateLogger<LocalPool>());
            return files;
        }
        catch
        {
            files.DisposeDisks();
            throw;
        }
    }

    /// <summary>Closes the pool, then the directories.</summary>
    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync();
        DisposeDisks();
    }

    private PoolComponentSource Source(PoolComponentSettings component)
    {
        var directory = Path.GetDirectoryName(component.Path)!;
        if (!_disks.TryGetValue(directory, out var disk))
            _disks.Add(directory, disk = new FileSystemDisk(directory));
        return new PoolComponentSource(disk, Path.GetFileName(component.Path), component.Path, component.Size.Bytes);
    }

    private void DisposeDisks()
    {
        foreach (var disk in _disks.Values)
            disk.Dispose();
    }
}

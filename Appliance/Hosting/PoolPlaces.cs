using Lunaria.Backends.Pool;
using Lunaria.Volumes.Io;

namespace Lunaria.Appliance.Hosting;

/// <summary>Makes places for components of paths: files of a directory, or block devices. Owned by <see cref="PoolFiles"/>, or by an offline verb; any thread.</summary>
internal sealed class PoolPlaces(string baseDirectory) : IDisposable
{
    private readonly Lock _sync = new();
    private readonly Dictionary<string, FileSystemDisk> _directories = new(StringComparer.Ordinal);
    private readonly List<BlockDeviceDisk> _devices = [];

    /// <summary>The place of a path, which may have nothing yet. <paramref name="sizeBytes"/>: of a file that has to be made; a device has its own.</summary>
    public PoolComponentSource At(string path, long sizeBytes)
    {
        path = Path.GetFullPath(path, baseDirectory);
        lock (_sync)
        {
            if (BlockDeviceDisk.IsDevice(path))
            {
                var device = new BlockDeviceDisk(path);
                _devices.Add(device);
                return new PoolComponentSource(device, device.Name, path, device.ReadLength()) { IsDevice = true };
            }

            var directory = Path.GetDirectoryName(path)!;
            if (!_directories.TryGetValue(directory, out var disk))
                _directories.Add(directory, disk = new FileSystemDisk(directory));
            return new PoolComponentSource(disk, Path.GetFileName(path), path, sizeBytes);
        }
    }

    /// <summary>
    /// The place of a path for a component that is to be made: a disk, or a file. Folders are made below the base directory only, and no file where disks are: a typing error, or a disk that isn't
    /// mounted, would put data where nobody wants it.
    /// </summary>
    /// <exception cref="IOException">There is no such disk or folder.</exception>
    public PoolComponentSource ForNew(string path, long sizeBytes)
    {
        path = Path.GetFullPath(path, baseDirectory);
        if (path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal) && !BlockDeviceDisk.IsDevice(path))
            throw new IOException($"{path} is no disk of this machine. Look what its disks are called (lsblk, /dev/disk/by-id), and name one of them.");
        var directory = Path.GetDirectoryName(path)!;
        var ofBase = Path.GetFullPath(baseDirectory).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        if (!Directory.Exists(directory) && !directory.StartsWith(ofBase, StringComparison.Ordinal))
            throw new IOException($"There is no folder {directory} for the component {path}. Mount the disk that has it, or make the folder.");
        return At(path, sizeBytes);
    }

    /// <summary>The place of a path where there is something; else null.</summary>
    public PoolComponentSource? Find(string path) => Path.IsPathFullyQualified(path) && File.Exists(path) ? At(path, 0) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var disk in _directories.Values)
            disk.Dispose();
        foreach (var device in _devices)
            device.Dispose();
    }
}

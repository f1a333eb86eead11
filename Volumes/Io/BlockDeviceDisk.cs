using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lunaria.Volumes.Io;

/// <summary>
/// A block device as an <see cref="IDisk"/> with one file, named like the device. It has its size, and is never made, renamed or deleted. Its lock is the kernel's
/// exclusive claim, which keeps mounts and other programs away, too. Reads and writes go through the page cache: what is read without waiting lies there, and
/// a flush reaches the medium. Linux only. Owned by who made it; any thread.
/// </summary>
public sealed class BlockDeviceDisk : IDisk, IDisposable
{
    private const int OpenExclusive = 0x80082; // O_RDWR | O_EXCL | O_CLOEXEC

    private readonly string _path;
    private readonly FileSystemDisk _files;

    /// <summary>The device at a path; symbolic links such as those of /dev/disk/by-id are followed at each opening.</summary>
    public BlockDeviceDisk(string path)
    {
        _path = path;
        Name = Path.GetFileName(path);
        _files = new FileSystemDisk(Path.GetDirectoryName(path)!);
    }

    /// <summary>The name of its only file.</summary>
    public string Name { get; }

    /// <summary>True where the path is a block device of this machine.</summary>
    public static bool IsDevice(string path)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists(path))
            return false;
        var final = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        return final.StartsWith("/dev/", StringComparison.Ordinal) && Directory.Exists($"/sys/class/block/{final["/dev/".Length..].Replace('/', '!')}");
    }

    /// <summary>Its size in bytes; IOException where it cannot be opened.</summary>
    public long ReadLength()
    {
        using IDiskFile file = Open(Name, create: false);
        return file.LengthBytes;
    }

    /// <inheritdoc/>
    public IDiskFile Open(string path, bool create) => _files.Open(Checked(path), create: false);

    /// <inheritdoc/>
    public bool Exists(string path) => path == Name && File.Exists(_path);

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory) => Exists(Name) ? [Name] : [];

    /// <inheritdoc/>
    public void Delete(string path) => throw new IOException($"{_path} is a device: it cannot be deleted.");

    /// <inheritdoc/>
    public void Rename(string from, string to) => throw new IOException($"{_path} is a device: it cannot be renamed.");

    /// <inheritdoc/>
    public IDisposable Lock(string path)
    {
        SafeFileHandle held = LinuxNative.Open(_path, OpenExclusive, 0);
        if (!held.IsInvalid)
            return held;
        held.Dispose();
        throw new IOException($"{_path} cannot be claimed: {Marshal.GetLastPInvokeErrorMessage()}. It is mounted, or another program uses it.");
    }

    /// <inheritdoc/>
    public ValueTask FlushDirectoryAsync(string directory) => default;

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();

    private string Checked(string path) => path == Name ? path : throw new IOException($"{_path} is a device and has no file '{path}'.");
}

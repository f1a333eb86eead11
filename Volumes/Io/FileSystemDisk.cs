using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lunaria.Volumes.Io;

/// <summary>
/// A directory of the file system as an <see cref="IDisk"/>. Has threads of its own: for reads that wait for the medium, and for flushes. Owned by who
/// made it, and disposed after its files. Any thread.
/// </summary>
public sealed class FileSystemDisk : IDisk, IDisposable
{
    private const int MaxReadThreads = 16, MaxFlushThreads = 4;

    private readonly string _root;
    private readonly IoThreads _readers = new("disk read", MaxReadThreads), _flushers = new("disk flush", MaxFlushThreads);
    private readonly OperationPool<ReadOperation> _reads = new(() => new ReadOperation(), 256);

    /// <summary>
    /// Uses a directory, which is made where it is absent. <paramref name="flushDurations"/>: where the time of each flush of a file is recorded, in seconds.
    /// </summary>
    public FileSystemDisk(string directory, Histogram<double>? flushDurations = null)
    {
        FlushDurations = flushDurations;
        _root = Path.GetFullPath(directory);
        Directory.CreateDirectory(_root);
    }

    /// <summary>Where the time of each flush is recorded; null = nowhere.</summary>
    internal Histogram<double>? FlushDurations { get; }

    /// <inheritdoc/>
    public IDiskFile Open(string path, bool create)
    {
        string full = FullPath(path);
        if (create)
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        SafeFileHandle handle = File.OpenHandle(
            full, create ? FileMode.OpenOrCreate : FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        return new DiskFile(this, full, handle);
    }

    /// <inheritdoc/>
    public bool Exists(string path) => File.Exists(FullPath(path));

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory)
    {
        string full = FullPath(directory);
        if (!Directory.Exists(full))
            return [];
        string[] names = [.. Directory.EnumerateFiles(full).Select(path => Path.GetFileName(path))];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public void Delete(string path) => File.Delete(FullPath(path));

    /// <inheritdoc/>
    public void Rename(string from, string to) => File.Move(FullPath(from), FullPath(to), overwrite: true);

    /// <inheritdoc/>
    public IDisposable Lock(string path) => new FileStream(FullPath(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>As <see cref="IDisk.FlushDirectoryAsync"/>; also covers the directory's own name in the one above. Windows needs nothing of it.</summary>
    public ValueTask FlushDirectoryAsync(string directory) =>
        OperatingSystem.IsLinux() ? EnqueueFlush(new DirectoryFlush(FullPath(directory))) : default;

    /// <summary>Lets the threads end. Reads and flushes that run are still answered.</summary>
    public void Dispose()
    {
        _readers.Dispose();
        _flushers.Dispose();
    }

    internal ValueTask EnqueueRead(DiskFile file, long offsetBytes, Memory<byte> destination)
    {
        ReadOperation read = _reads.Rent();
        read.Set(file, offsetBytes, destination);
        ValueTask result = read.Begin();
        _readers.Enqueue(read);
        return result;
    }

    internal ValueTask EnqueueFlush(IoOperation flush)
    {
        ValueTask result = flush.Begin();
        _flushers.Enqueue(flush);
        return result;
    }

    private string FullPath(string path)
    {
        string full = Path.GetFullPath(path, _root);
        return full == _root || full.StartsWith(Path.TrimEndingDirectorySeparator(_root) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? full
            : throw new IOException($"'{path}' is not below '{_root}'.");
    }

    private sealed class DirectoryFlush(string path) : IoOperation
    {
        public override void Run()
        {
            for (string? at = path; at is not null && (at == path || at == Path.GetDirectoryName(path)); at = Path.GetDirectoryName(at))
            {
                using SafeFileHandle directory = LinuxNative.Open(at, LinuxNative.OpenReadOnly, 0);
                if (directory.IsInvalid || LinuxNative.Fsync(directory) != 0)
                    throw new IOException($"Directory '{at}' cannot be flushed: {Marshal.GetLastPInvokeErrorMessage()}.", Marshal.GetLastPInvokeError());
            }
        }
    }
}

using Lunaria.Volumes.Io;

namespace Lunaria.Testing;

/// <summary>
/// A disk in memory that remembers what was not flushed. <see cref="PowerCut"/> makes the disk that a loss of power now would leave; this one stays as it
/// is, so one run can be cut at many points. The same calls and the same seed leave the same disk. Thread-safe.
/// </summary>
/// <remarks>
/// Stricter than most file systems: the name of a new file is durable only after <see cref="FlushDirectoryAsync"/>, even if the file was flushed. Changes of
/// one directory become durable in their order.
/// </remarks>
public sealed class SimDisk : IDisk
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, SimFile> _files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SimFile> _durableFiles = new(StringComparer.Ordinal);
    private readonly List<NameChange> _unflushedNames = [];
    private readonly HashSet<string> _locks = [];

    /// <summary>What goes wrong here, and counters.</summary>
    public SimFaults Faults { get; } = new();

    /// <inheritdoc/>
    public IDiskFile Open(string path, bool create)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(path, out SimFile? file))
            {
                if (!create)
                    throw new FileNotFoundException($"There is no file '{path}' on the simulated disk.", path);
                Change(new(path, null, file = new()));
            }
            return new SimDiskFile(this, path, file);
        }
    }

    /// <inheritdoc/>
    public bool Exists(string path)
    {
        lock (_lock)
            return _files.ContainsKey(path);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory)
    {
        lock (_lock)
            return [.. _files.Keys.Where(path => DirectoryOf(path) == directory).Select(path => path[(path.LastIndexOf('/') + 1)..])];
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        lock (_lock)
        {
            if (_files.ContainsKey(path))
                Change(new(null, path, null));
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            SimFile file = _files.GetValueOrDefault(from) ?? throw new FileNotFoundException($"There is no file '{from}' on the simulated disk.", from);
            Change(new(to, from, file));
        }
    }

    /// <inheritdoc/>
    IDisposable IDisk.Lock(string path)
    {
        lock (_lock)
            return _locks.Add(path) ? new HeldLock(this, path) : throw new IOException($"'{path}' on the simulated disk is locked by another.");
    }

    /// <inheritdoc/>
    public async ValueTask FlushDirectoryAsync(string directory)
    {
        int count;
        lock (_lock)
        {
            if (Faults.NextFlushFails(directory))
                throw new IOException($"Injected failure of the flush of directory '{directory}'.");
            count = _unflushedNames.Count;
        }
        Faults.Trace?.Add("flush", directory);
        await Faults.BeLateAsync();
        await Faults.FlushGate.PassAsync();
        if (Faults.IsSkipped(directory))
            return;
        lock (_lock)
        {
            foreach (NameChange change in _unflushedNames.Take(count).Where(change => change.Directory == directory))
                change.Apply(_durableFiles);
            int at = 0;
            _unflushedNames.RemoveAll(change => at++ < count && change.Directory == directory);
        }
    }

    /// <summary>The disk as a machine finds it that lost power now. Each unflushed change is there, or not, or in part, as <paramref name="random"/> wants.</summary>
    public SimDisk PowerCut(Random random)
    {
        SimDisk left = new();
        lock (_lock)
        {
            Dictionary<string, int> kept = [];
            foreach (string directory in _unflushedNames.Select(change => change.Directory).Distinct())
                kept[directory] = random.Next(_unflushedNames.Count(change => change.Directory == directory) + 1);
            SortedDictionary<string, SimFile> names = new(_durableFiles, StringComparer.Ordinal);
            foreach (NameChange change in _unflushedNames)
                if (kept[change.Directory]-- > 0)
                    change.Apply(names);
            // One cut loses nearly all, another nearly nothing.
            double keepProbability = random.NextDouble();
            foreach ((string path, SimFile file) in names)
                left._files[path] = left._durableFiles[path] = file.PowerCut(random, keepProbability);
        }
        return left;
    }

    /// <summary>The same disk, with the same unflushed changes, without faults: what a process finds that follows one that was killed.</summary>
    public SimDisk Clone()
    {
        SimDisk copy = new();
        lock (_lock)
        {
            Dictionary<SimFile, SimFile> copies = [];
            SimFile CopyOf(SimFile file) => copies.TryGetValue(file, out SimFile? known) ? known : copies[file] = file.Clone();
            foreach ((string path, SimFile file) in _files)
                copy._files[path] = CopyOf(file);
            foreach ((string path, SimFile file) in _durableFiles)
                copy._durableFiles[path] = CopyOf(file);
            foreach (NameChange change in _unflushedNames)
                copy._unflushedNames.Add(change with { File = change.File is null ? null : CopyOf(change.File) });
        }
        return copy;
    }

    /// <summary>Flips the bits of <paramref name="mask"/> in a file, durably and unseen by anyone.</summary>
    public void Corrupt(string path, long offsetBytes, params ReadOnlySpan<byte> mask)
    {
        lock (_lock)
            _files[path].Corrupt(offsetBytes, mask);
    }

    /// <summary>Makes everything durable, as a machine does that is switched off in order.</summary>
    public void FlushAll()
    {
        lock (_lock)
        {
            foreach (NameChange change in _unflushedNames)
                change.Apply(_durableFiles);
            _unflushedNames.Clear();
            foreach (SimFile file in _files.Values)
                file.Flushed(long.MaxValue);
        }
    }

    internal Lock Lock => _lock;

    internal void Allocate(SimFile file, long offsetBytes, long lengthBytes)
    {
        if (Faults.CapacityBytes == long.MaxValue)
            return;
        long used = _files.Values.Sum(each => each.AllocatedBytes);
        if (used + file.NeededBytes(offsetBytes, lengthBytes) > Faults.CapacityBytes)
            throw new DiskFullException($"The simulated disk of {Faults.CapacityBytes} bytes is full.");
    }

    private void Change(NameChange change)
    {
        Faults.Trace?.Add("name", change.To ?? change.From!);
        change.Apply(_files);
        _unflushedNames.Add(change);
    }

    private static string DirectoryOf(string path) => path.LastIndexOf('/') is int at and >= 0 ? path[..at] : "";

    private sealed class HeldLock(SimDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._lock)
                disk._locks.Remove(path);
        }
    }

    /// <summary>A creation (To), a deletion (From) or a rename (both).</summary>
    private sealed record NameChange(string? To, string? From, SimFile? File)
    {
        public string Directory { get; } = DirectoryOf(To ?? From!);

        public void Apply(SortedDictionary<string, SimFile> names)
        {
            if (From is not null)
                names.Remove(From);
            if (To is not null)
                names[To] = File!;
        }
    }
}
